// hiredis, asynchronous, on a loop of poll(2): dials until its PING is answered.
// SPDX-License-Identifier: MIT
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <string_view>

#include "fuzz/clients/dial_until.h"
#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

// What hiredis wants of an event loop, for one connection.
struct Loop {
  bool reads = false;
  bool writes = false;
  bool over = false;  // the context is gone
  bool answered = false;
};
Loop& loop_of(void* data) { return *static_cast<Loop*>(data); }

void take_answer(redisAsyncContext* context, void* answer, void* data) {
  const auto* const reply = static_cast<const redisReply*>(answer);
  loop_of(data).answered =
      reply != nullptr && reply->type == REDIS_REPLY_STATUS && std::string_view(reply->str) == "PONG";
  if (reply != nullptr) redisAsyncDisconnect(context);
}

bool ask(const Server& server) {
  redisAsyncContext* const context = redisAsyncConnect(server.host, server.port);
  if (context == nullptr || context->err != 0) {
    if (context != nullptr) redisAsyncFree(context);
    return false;
  }
  Loop loop;
  context->ev = {.data = &loop,
                 .addRead = [](void* data) { loop_of(data).reads = true; },
                 .delRead = [](void* data) { loop_of(data).reads = false; },
                 .addWrite = [](void* data) { loop_of(data).writes = true; },
                 .delWrite = [](void* data) { loop_of(data).writes = false; },
                 .cleanup = [](void* data) { loop_of(data).over = true; }};
  redisAsyncCommand(context, take_answer, &loop, "PING");
  while (!loop.over) {
    pollfd ready = {.fd = context->c.fd, .events = 0, .revents = 0};
    if (loop.reads) ready.events |= POLLIN;
    if (loop.writes) ready.events |= POLLOUT;
    poll(&ready, 1, -1);
    const bool failed = (ready.revents & (POLLERR | POLLHUP)) != 0;
    if (loop.reads && (failed || (ready.revents & POLLIN) != 0)) redisAsyncHandleRead(context);
    if (!loop.over && loop.writes && (failed || (ready.revents & POLLOUT) != 0))
      redisAsyncHandleWrite(context);
  }
  return loop.answered;
}

}  // namespace

VNET_FUZZ_TARGET({.run = dial_until<ask>, .answer = R"(read:14 say:"+PONG\r\n")"});
