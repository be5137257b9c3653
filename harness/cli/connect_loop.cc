// selfconnect connect-loop HOST PORT: what `measure --loop` launches. Dials as fast as it can, for ever; a connection to
// itself is closed by RST, so that it leaves no TIME_WAIT behind.
// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/option_values.h"
#include "harness/net/endpoint.h"

namespace selfconnect {

int connect_loop_command(Arguments arguments) {
  if (arguments.size() != 2) return kExitUsage;
  const auto address = Address::parse(arguments[0]);
  const auto port = parse_port_number(arguments[1]);
  if (!address || !port) return kExitUsage;
  sockaddr_storage to{};
  const socklen_t length = Endpoint{*address, *port}.to_sockaddr(to);
  const int domain = address->family() == Family::kIpv4 ? AF_INET : AF_INET6;
  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  while (true) {
    const int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return kExitError;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), length) == 0)
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
    close(fd);
  }
}

}  // namespace selfconnect
