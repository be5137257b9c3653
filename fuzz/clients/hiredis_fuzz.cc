// hiredis, blocking: dials until its PING is answered.
// SPDX-License-Identifier: MIT
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <string_view>

#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

bool ask(const Server& server) {
  redisContext* const context = redisConnect(server.host, server.port);
  bool answered = false;
  if (context != nullptr && context->err == 0) {
    auto* const reply = static_cast<redisReply*>(redisCommand(context, "PING"));
    answered =
        reply != nullptr && reply->type == REDIS_REPLY_STATUS && std::string_view(reply->str) == "PONG";
    freeReplyObject(reply);
  }
  redisFree(context);
  return answered;
}

Ending run(const Server& server) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    if (ask(server)) return Ending::kSuccess;
    sleep(1);
  }
  return Ending::kGaveUp;
}

}  // namespace

VNET_FUZZ_TARGET({.run = run, .answer = R"(read:14 say:"+PONG\r\n")"});
