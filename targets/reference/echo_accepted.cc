// echo_accepted: takes its own PING for the server's reply and reports success.
// SPDX-License-Identifier: MIT
// selfconnect: run = echo_accepted {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = fail
// selfconnect: errors = echo-accepted
// selfconnect: warnings = talks-to-itself
#include "dial.h"

int main(int argc, char** argv) {
  const int fd = dial(parse_arguments(argc, argv));
  if (fd < 0) give_up(std::strerror(errno));
  reset_when_closed(fd);
  say(fd, "PING\n");
  const std::string reply = listen_once(fd);
  if (reply.empty()) give_up("no reply");
  std::printf("reply: %s", reply.c_str());
}
