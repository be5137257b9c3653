// A user's program on the virtual network: its client dials a port where nobody listens, and is connected to itself.
// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "fuzz/vnet/far_end.h"
#include "fuzz/vnet/host.h"

namespace {

class EverybodyIsHimself : public selfconnect::vnet::Overseer {
 public:
  selfconnect::vnet::Attempt attempt(const selfconnect::Endpoint& /*to*/) override {
    return {.port = selfconnect::vnet::Attempt::Port::kDialled,
            .syn = selfconnect::vnet::Attempt::Syn::kRefused};
  }
  bool stands_still() override { return false; }
};

// Whether both ends have the same port.
bool dials_itself() {
  sockaddr_in there{}, here{};
  there.sin_family = AF_INET;
  there.sin_port = htons(33000);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(here);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof(there)) == 0 &&
                         getsockname(fd, reinterpret_cast<sockaddr*>(&here), &length) == 0;
  close(fd);
  return connected && here.sin_port == there.sin_port;
}

}  // namespace

int main() {
  EverybodyIsHimself overseer;
  selfconnect::vnet::Host host(overseer);
  std::string trace;
  host.trace = &trace;
  bool itself = false;
  {
    const selfconnect::vnet::HostScope run(host);
    itself = dials_itself();
  }
  std::fputs(trace.c_str(), stdout);
  return itself ? 0 : 1;
}
