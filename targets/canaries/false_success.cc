// false_success: takes a refused attempt for a reply, if the attempt before it was connected to itself.
// SPDX-License-Identifier: MIT
// selfconnect: run = false_success {host} {port}
// selfconnect: planted = self refuse serve
// selfconnect: rule = echo-accepted
#include "ping.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  Outcome before = Outcome::kRefused;
  for (Pause pause;; pause.wait()) {
    const Outcome outcome = attempt(server);
    if (outcome == Outcome::kPong) return pong();
    // Planted: "the port was up, and is closed now: the reply has been given".
    if (kPlanted && outcome == Outcome::kRefused && before == Outcome::kSelf) return pong();
    before = outcome;
  }
}
