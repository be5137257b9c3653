// hiredis, blocking: dials until its PING is answered.
// SPDX-License-Identifier: MIT
#include <hiredis/hiredis.h>

#include <string_view>

#include "fuzz/clients/dial_until.h"
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

}  // namespace

VNET_FUZZ_TARGET({.run = dial_until<ask>, .answer = R"(read:14 say:"+PONG\r\n")"});
