// SPDX-License-Identifier: MIT
#include <poll.h>

#include <cerrno>
#include <utility>

#include "harness/ports/engine.h"

namespace selfconnect {

namespace {

Result<Endpoint> endpoint_of(int socket, int (*get_name)(int, sockaddr*, socklen_t*), std::string_view call) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (get_name(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
    return std::unexpected(errno_error(call));
  return Endpoint::from_sockaddr(storage);
}

// connect(2): after a signal it goes on by itself. 0, or an errno.
int connect_through_signals(int socket, const sockaddr_storage& to, socklen_t length) {
  if (connect(socket, reinterpret_cast<const sockaddr*>(&to), length) == 0) return 0;
  if (errno != EINTR) return errno;
  pollfd decided{.fd = socket, .events = POLLOUT, .revents = 0};
  while (poll(&decided, 1, -1) < 0 && errno == EINTR) continue;
  int code = 0;
  socklen_t size = sizeof(code);
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno;
}

}  // namespace

Result<bool> probe_self_connect(const World& world, const Endpoint& destination, Allocator allocator) {
  const int domain = destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  auto socket = world.socket(domain, SOCK_STREAM, 0);
  if (!socket) return std::unexpected(socket.error());
  return connects_to_itself(std::move(*socket), destination, allocator);
}

Result<bool> connects_to_itself(UniqueFd socket, const Endpoint& destination, Allocator allocator) {
  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  if (setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close)) != 0) {
    return std::unexpected(errno_error("setsockopt(SO_LINGER)"));
  }
  sockaddr_storage storage{};
  if (allocator == Allocator::kBind) {
    const socklen_t length = Endpoint{destination.address, 0}.to_sockaddr(storage);
    if (bind(socket.get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) {
      return std::unexpected(errno_error("bind to port 0"));
    }
  }
  const socklen_t length = destination.to_sockaddr(storage);
  if (const int code = connect_through_signals(socket.get(), storage, length); code != 0) {
    if (code == ECONNREFUSED || code == EADDRNOTAVAIL) return false;
    return std::unexpected(errno_error("connect to " + destination.text(), code));
  }
  auto local = endpoint_of(socket.get(), getsockname, "getsockname");
  auto remote = endpoint_of(socket.get(), getpeername, "getpeername");
  if (!local) return std::unexpected(local.error());
  if (!remote) return std::unexpected(remote.error());
  return *local == *remote;
}

}  // namespace selfconnect
