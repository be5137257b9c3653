// secret_echoed: sends its password before it knows whom it talks to, then dislikes the reply.
// SPDX-License-Identifier: MIT
// selfconnect: run = secret_echoed {host} {port}
// selfconnect: options = --secret hunter2
// selfconnect: kind = one-shot
// selfconnect: verdict = fail
// selfconnect: errors = secret-echoed
// selfconnect: warnings = talks-to-itself
#include "dial.h"

int main(int argc, char** argv) {
  const int fd = dial(parse_arguments(argc, argv));
  if (fd < 0) give_up(std::strerror(errno));
  reset_when_closed(fd);
  say(fd, "AUTH hunter2\n");
  if (!listen_once(fd).starts_with("+OK")) give_up("password not accepted");
  std::puts("password accepted");
}
