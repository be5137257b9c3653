// crashes: aborts when the reply is its own request.
// SPDX-License-Identifier: MIT
// selfconnect: run = crashes {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = fail
// selfconnect: errors = crashes
// selfconnect: warnings = talks-to-itself
#include <sys/resource.h>

#include "dial.h"

int main(int argc, char** argv) {
  const rlimit no_core{};
  setrlimit(RLIMIT_CORE, &no_core);
  const int fd = dial(parse_arguments(argc, argv));
  if (fd < 0) give_up(std::strerror(errno));
  reset_when_closed(fd);
  say(fd, "PING\n");
  const std::string reply = listen_once(fd);
  if (reply == "PING\n") std::abort();
  if (reply.empty()) give_up("no reply");
  std::printf("reply: %s", reply.c_str());
}
