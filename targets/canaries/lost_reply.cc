// lost_reply: after a refusal, a self-connection and a reset, one right after the other, throws the next reply away and
// waits for it for ever.
// SPDX-License-Identifier: MIT
// selfconnect: run = lost_reply {host} {port}
// selfconnect: planted = refuse self reset serve
// selfconnect: rule = hangs
#include "ping.h"

// Where its PING is.
enum class Ping { kNew, kQueued, kEchoed, kEchoToCome };

static Ping ping_after(Outcome outcome, Ping before) {
  switch (outcome) {
    case Outcome::kRefused:
      return Ping::kQueued;
    case Outcome::kSelf:
      return before == Ping::kQueued ? Ping::kEchoed : Ping::kNew;
    case Outcome::kReset:
      return before == Ping::kEchoed ? Ping::kEchoToCome : Ping::kNew;
    default:
      return Ping::kNew;
  }
}

// A reply, and then another one.
static Heard hear_second_reply(std::string_view bytes) {
  const Heard first = hear(bytes);
  return first == Heard::kPong ? hear(bytes.substr(kReply.size())) : first;
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  Ping ping = Ping::kNew;
  for (Pause pause;; pause.wait()) {
    const Outcome outcome = attempt(server, [&](int fd) {
      // Planted: "the first answer is the echo of the PING that was sent again".
      return kPlanted && ping == Ping::kEchoToCome ? ask(fd, hear_second_reply) : ask(fd, hear);
    });
    if (outcome == Outcome::kPong) return pong();
    ping = ping_after(outcome, ping);
  }
}
