/* A client whose edges are seen (coverage.c): refused, it ends with 1, else with 0. For the tests.
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct sockaddr_in to;
  int fd;
  if (argc != 3) return 64;
  memset(&to, 0, sizeof(to));
  to.sin_family = AF_INET;
  to.sin_port = htons((uint16_t)atoi(argv[2]));
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) return 64;
  fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 2;
  if (connect(fd, (struct sockaddr*)&to, sizeof(to)) != 0) return 1;
  close(fd);
  return 0;
}
