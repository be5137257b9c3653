// A user's fuzz target: a client that sends PING until it reads PONG.
// SPDX-License-Identifier: MIT
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "fuzz/vnet/fuzz_target.h"

using namespace selfconnect::vnet;

namespace {

bool ping(const Server& server) {
  addrinfo* list = nullptr;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(server.host, server.port_text, &hints, &list) != 0) return false;
  const int fd = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
  const bool connected = connect(fd, list->ai_addr, list->ai_addrlen) == 0;
  freeaddrinfo(list);
  std::array<char, 5> answer{};
  const bool asked = connected && send(fd, "PING\n", 5, MSG_NOSIGNAL) == 5;
  const bool answered = asked && recv(fd, answer.data(), answer.size(), MSG_WAITALL) == 5;
  close(fd);
  return answered && std::string_view(answer.data(), answer.size()) == "PONG\n";
}

Ending run(const Server& server) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    if (ping(server)) return Ending::kSuccess;
    sleep(1);
  }
  return Ending::kGaveUp;
}

}  // namespace

VNET_FUZZ_TARGET({.run = run, .answer = R"(read:5 say:"PONG\n")"});
