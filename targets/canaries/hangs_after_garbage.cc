// hangs_after_garbage: waits for ever on a connection that answers with garbage, if the one before was half closed.
// SPDX-License-Identifier: MIT
// selfconnect: run = hangs_after_garbage {host} {port}
// selfconnect: planted = half-close garbage:1 serve
// selfconnect: rule = hangs
#include "ping.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  bool half_closed = false;
  for (Pause pause;; pause.wait()) {
    const Outcome outcome = attempt(server, [&](int fd) {
      return ask(fd, [&](std::string_view bytes) {
        const Heard heard = hear(bytes);
        // Planted: "what is no reply is left over from the connection that the far end has closed for itself".
        return kPlanted && half_closed && heard == Heard::kWrong ? Heard::kMore : heard;
      });
    });
    if (outcome == Outcome::kPong) return pong();
    half_closed = outcome == Outcome::kEnded;
  }
}
