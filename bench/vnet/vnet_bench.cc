// Executions a second of a client library on the virtual network, with the same calls on the kernel's loopback beside it, and what
// virtual time costs. One execution on vnet is what a fuzzer has done for one input: the schedule's text is parsed, played on a
// new virtual host, and the record judged by all rules.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

#include "fuzz/vnet/session/trial.h"

namespace selfconnect::vnet {

namespace {

constexpr int kAttempts = 4;
constexpr std::uint16_t kPort = 1;  // tcpmux: nobody listens there

// One attempt of hiredis 0.14.1, blocking: redisConnect(), PING, what comes of it, redisFree().
bool ask(const char* host, int port) {
  redisContext* const context = redisConnect(host, port);
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

Ending dial_until_answered(const Server& server) {
  while (!ask(server.host, server.port)) sleep(1);
  return Ending::kSuccess;
}

// Plain socket calls and a wait that doubles from one second to a minute, for ten minutes.
Ending back_off(const Server& server) {
  unsigned wait = 1;
  for (unsigned waited = 0; waited < 600; waited += wait, wait = wait < 60 ? wait * 2 : 60) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    close(fd);
    if (connected == 0) return Ending::kSuccess;
    sleep(wait);
  }
  return Ending::kGaveUp;
}

// First, and not after a run: a process with a run in it is sealed off from the kernel's network.
void hiredis_on_the_kernel(benchmark::State& state) {
  for (auto _ : state) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (ask("127.0.0.1", kPort)) state.SkipWithError("somebody listens on port 1");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hiredis_on_the_kernel)->Name("hiredis/kernel/refuse*4");

void play(benchmark::State& state, FuzzTarget target, std::string_view schedule) {
  Trial trial(target);
  for (auto _ : state) trial.play(schedule, "");
  state.SetItemsProcessed(state.iterations());
}

FuzzTarget hiredis_target() { return {.run = dial_until_answered, .answer = R"(read:14 say:"+PONG\r\n")"}; }

void hiredis_on_vnet(benchmark::State& state, std::string_view schedule) {
  play(state, hiredis_target(), schedule);
}
BENCHMARK_CAPTURE(hiredis_on_vnet, refused, "refuse*3 serve")->Name("hiredis/vnet/refuse*3_serve");
BENCHMARK_CAPTURE(hiredis_on_vnet, mixed, "refuse self reset serve")
    ->Name("hiredis/vnet/refuse_self_reset_serve");

void ten_minutes(benchmark::State& state) {
  Rules rules;
  rules.never_recovers = false;
  play(state, {.run = back_off, .rules = rules}, "refuse*100 serve");
}
BENCHMARK(ten_minutes)->Name("vnet/ten_minutes_of_backoff");

}  // namespace

}  // namespace selfconnect::vnet

BENCHMARK_MAIN();
