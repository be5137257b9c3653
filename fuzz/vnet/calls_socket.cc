// Making, naming, connecting and closing sockets.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/datagram.h"
#include "fuzz/vnet/on_socket.h"
#include "fuzz/vnet/real.h"
#include "fuzz/vnet/sockaddr.h"

namespace selfconnect::vnet::calls {

namespace {

constexpr int kKnownTypeFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

bool is_virtual(int fd) { return Descriptors::is_virtual(fd); }

int install(std::shared_ptr<File> file, int flags) {
  file->nonblocking = (flags & SOCK_NONBLOCK) != 0;
  return current_host()->descriptors().open(std::move(file), (flags & SOCK_CLOEXEC) != 0);
}

}  // namespace

int socket(int family, int type, int protocol) {
  if (family != AF_INET && family != AF_INET6)
    refuse(fmt::format("socket(family {})", family), "only AF_INET and AF_INET6 are modelled");
  const int kind = type & ~kKnownTypeFlags;
  if (kind == SOCK_DGRAM) return install(std::make_shared<Datagram>(), type);
  if (kind != SOCK_STREAM || (protocol != 0 && protocol != IPPROTO_TCP)) {
    refuse(fmt::format("socket(type {}, protocol {})", kind, protocol), "only TCP is modelled");
  }
  Host& host = *current_host();
  return install(host.make_socket(family == AF_INET6 ? Family::kIpv6 : Family::kIpv4), type);
}

int bind(int fd, const sockaddr* address, socklen_t length) {
  if (!is_virtual(fd)) return real::bind(fd, address, length);
  return on_socket("bind", fd, [&](TcpSocket& socket) {
    Endpoint endpoint;
    int error = read_sockaddr(address, length, socket.family(), endpoint);
    // Old programs leave the family out (inet_bind()).
    if (error == -EAFNOSUPPORT && socket.family() == Family::kIpv4 && address->sa_family == AF_UNSPEC) {
      sockaddr_in v4 = *reinterpret_cast<const sockaddr_in*>(address);
      v4.sin_family = AF_INET;
      if (v4.sin_addr.s_addr == INADDR_ANY) {
        error = read_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4, Family::kIpv4, endpoint);
      }
    }
    return error != 0 ? error : socket.bind(endpoint);
  });
}

int connect(int fd, const sockaddr* address, socklen_t length) {
  if (!is_virtual(fd)) return real::connect(fd, address, length);
  return on_socket("connect", fd, [&](TcpSocket& socket) {
    if (length < sizeof address->sa_family) return -EINVAL;
    if (address->sa_family == AF_UNSPEC) return socket.dissolve();
    // A connect() that only asks after the one before does not look at the address.
    Endpoint endpoint;
    if (socket.is_to_start()) {
      if (const int error = read_sockaddr(address, length, socket.family(), endpoint); error != 0)
        return error;
    }
    return socket.connect(endpoint, !socket.nonblocking);
  });
}

int listen(int fd, int backlog) {
  if (!is_virtual(fd)) return real::listen(fd, backlog);
  return on_socket("listen", fd, [&](TcpSocket& socket) { return socket.listen(backlog); });
}

int accept(int fd, sockaddr* address, socklen_t* length) { return calls::accept4(fd, address, length, 0); }

int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (!is_virtual(fd)) return real::accept4(fd, address, length, flags);
  if ((flags & ~kKnownTypeFlags) != 0)
    return result_of(current_host()->descriptors().find(fd) == nullptr ? -EBADF : -EINVAL);
  return on_socket("accept4", fd, [&](TcpSocket& socket) {
    if (current_host()->descriptors().is_full()) return -EMFILE;
    TcpSocket::Accepted accepted = socket.accept(!socket.nonblocking);
    if (accepted.error != 0) return accepted.error;
    if (address != nullptr) {
      if (const int error = write_sockaddr(accepted.socket->remote(), socket.family(), address, length);
          error != 0) {
        accepted.socket->release();  // the connection is lost, as the kernel has it
        return error;
      }
    }
    return install(std::move(accepted.socket), flags);
  });
}

int getsockname(int fd, sockaddr* address, socklen_t* length) {
  if (!is_virtual(fd)) return real::getsockname(fd, address, length);
  return on_socket("getsockname", fd, [&](TcpSocket& socket) {
    return write_sockaddr(socket.local(), socket.family(), address, length);
  });
}

int getpeername(int fd, sockaddr* address, socklen_t* length) {
  if (!is_virtual(fd)) return real::getpeername(fd, address, length);
  return on_socket("getpeername", fd, [&](TcpSocket& socket) {
    Endpoint peer;
    const int error = socket.peer_name(peer);
    return error != 0 ? error : write_sockaddr(peer, socket.family(), address, length);
  });
}

int shutdown(int fd, int how) {
  if (!is_virtual(fd)) return real::shutdown(fd, how);
  return on_socket("shutdown", fd, [&](TcpSocket& socket) { return socket.shutdown(how); });
}

int close(int fd) {
  if (!is_virtual(fd)) return real::close(fd);
  Host& host = *current_host();
  if (!host.descriptors().close(fd)) return result_of(-EBADF);
  host.settle();
  return 0;
}

int dup(int fd) {
  if (!is_virtual(fd)) return real::dup(fd);
  Descriptors& descriptors = current_host()->descriptors();
  const auto file = descriptors.share(fd);
  return file ? descriptors.open(file, false) : result_of(-EBADF);
}

int dup2(int fd, int to) {
  if (fd == to && is_virtual(fd))
    return current_host()->descriptors().find(fd) != nullptr ? fd : result_of(-EBADF);
  return calls::dup3(fd, to, 0);
}

int dup3(int fd, int to, int flags) {
  if (!is_virtual(fd) && !is_virtual(to)) return flags == 0 ? real::dup2(fd, to) : real::dup3(fd, to, flags);
  if (fd < 0 || to < 0) return result_of(-EBADF);
  if (!is_virtual(fd) || !is_virtual(to)) refuse("dup2", "between a virtual and a real descriptor");
  Host& host = *current_host();
  const auto file = host.descriptors().share(fd);
  if (!file) return result_of(-EBADF);
  if (fd == to || (flags & ~O_CLOEXEC) != 0) return result_of(-EINVAL);
  host.descriptors().close(to);
  host.settle();
  return host.descriptors().open(file, (flags & O_CLOEXEC) != 0, to);
}

int fcntl(int fd, int command, long argument) {
  if (!is_virtual(fd)) return real::fcntl(fd, command, argument);
  Descriptors& descriptors = current_host()->descriptors();
  const auto file = descriptors.share(fd);
  if (!file) return result_of(-EBADF);
  switch (command) {
    case F_GETFL:
      return O_RDWR | (file->nonblocking ? O_NONBLOCK : 0);
    case F_SETFL:
      file->nonblocking = (argument & O_NONBLOCK) != 0;
      return 0;
    case F_GETFD:
      return descriptors.close_on_exec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
      descriptors.set_close_on_exec(fd, (argument & FD_CLOEXEC) != 0);
      return 0;
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return descriptors.open(file, command == F_DUPFD_CLOEXEC, static_cast<int>(argument));
    default:
      refuse(fmt::format("fcntl(command {})", command), "is not modelled for a virtual descriptor");
  }
}

}  // namespace selfconnect::vnet::calls
