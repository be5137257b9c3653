// Reading and writing.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <limits.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/on_socket.h"
#include "fuzz/vnet/real.h"
#include "fuzz/vnet/timer_file.h"

namespace selfconnect::vnet::calls {

namespace {

bool is_virtual(int fd) { return Descriptors::is_virtual(fd); }

TcpSocket::Transfer transfer_of(const char* call, const TcpSocket& socket, int flags) {
  constexpr int kKnown = MSG_DONTWAIT | MSG_PEEK | MSG_WAITALL | MSG_TRUNC | MSG_NOSIGNAL | MSG_MORE |
                         MSG_CMSG_CLOEXEC | MSG_EOR | MSG_DONTROUTE | MSG_CONFIRM;
  if ((flags & ~kKnown) != 0)
    refuse(fmt::format("{}(flags {:#x})", call, flags & ~kKnown), "are not modelled");
  return {.block = !socket.nonblocking && (flags & MSG_DONTWAIT) == 0,
          .peek = (flags & MSG_PEEK) != 0,
          .all = (flags & MSG_WAITALL) != 0,
          .discard = (flags & MSG_TRUNC) != 0,
          .no_signal = (flags & MSG_NOSIGNAL) != 0};
}

// Bytes of all parts; -EINVAL as the kernel has it.
ssize_t length_of(std::span<const iovec> parts) {
  if (parts.size() > IOV_MAX) return -EINVAL;
  std::size_t length = 0;
  for (const iovec& part : parts) length += part.iov_len;
  return length > SSIZE_MAX ? -EINVAL : static_cast<ssize_t>(length);
}

ssize_t receive(TcpSocket& socket, std::span<const iovec> parts, const TcpSocket::Transfer& how) {
  if (parts.size() == 1) return socket.receive(static_cast<char*>(parts[0].iov_base), parts[0].iov_len, how);
  const ssize_t length = length_of(parts);
  if (length < 0) return length;
  // No more than there can be, whatever the client has room for.
  constexpr std::size_t kMost = 4 << 20;
  std::string bytes(std::min(static_cast<std::size_t>(length), kMost), '\0');
  const ssize_t size = socket.receive(bytes.data(), bytes.size(), how);
  if (size <= 0 || how.discard) return size;
  std::string_view left(bytes.data(), static_cast<std::size_t>(size));
  for (const iovec& part : parts) {
    const std::string_view here = left.substr(0, part.iov_len);
    std::ranges::copy(here, static_cast<char*>(part.iov_base));
    left.remove_prefix(here.size());
  }
  return size;
}

ssize_t transmit(TcpSocket& socket, std::span<const iovec> parts, const TcpSocket::Transfer& how) {
  if (parts.size() == 1)
    return socket.send({static_cast<const char*>(parts[0].iov_base), parts[0].iov_len}, how);
  const ssize_t length = length_of(parts);
  if (length < 0) return length;
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(length));
  for (const iovec& part : parts) bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return socket.send(bytes, how);
}

ssize_t read_timer(TimerFile& timer, std::span<const iovec> parts, ssize_t length) {
  std::array<char, sizeof(std::uint64_t)> count{};
  const ssize_t got = timer.read(count.data(), static_cast<std::size_t>(length));
  std::string_view rest(count.data(), got < 0 ? 0 : count.size());
  for (const iovec& part : parts) {
    const std::size_t size = std::min(part.iov_len, rest.size());
    std::copy_n(rest.begin(), size, static_cast<char*>(part.iov_base));
    rest.remove_prefix(size);
  }
  return result_of(got);
}

// read(2) and readv(2), of whatever kind the file is. Nothing to read into is 0 for a socket, whatever its state (sock_read_iter()).
ssize_t read_file(int fd, std::span<const iovec> parts) {
  File* file = current_host()->descriptors().find(fd);
  if (file == nullptr) return result_of<ssize_t>(-EBADF);
  const ssize_t length = length_of(parts);
  if (length < 0) return result_of(length);
  if (file->kind() == File::Kind::kEpoll) return result_of<ssize_t>(-EINVAL);
  if (file->kind() == File::Kind::kTimer) return read_timer(static_cast<TimerFile&>(*file), parts, length);
  if (length == 0 && file->kind() == File::Kind::kTcp) return 0;
  return on_socket("read", fd,
                   [&](TcpSocket& socket) { return receive(socket, parts, {.block = !socket.nonblocking}); });
}

}  // namespace

ssize_t readv(int fd, const iovec* parts, int count) {
  if (!is_virtual(fd)) return real::readv(fd, parts, count);
  if (count < 0) return result_of<ssize_t>(-EINVAL);
  return read_file(fd, {parts, static_cast<std::size_t>(count)});
}

ssize_t read(int fd, void* buffer, std::size_t size) {
  if (!is_virtual(fd)) return real::read(fd, buffer, size);
  const iovec part{.iov_base = buffer, .iov_len = size};
  return read_file(fd, {&part, 1});
}

ssize_t recv(int fd, void* buffer, std::size_t size, int flags) {
  if (!is_virtual(fd)) return real::recv(fd, buffer, size, flags);
  return on_socket("recv", fd, [&](TcpSocket& socket) {
    return socket.receive(static_cast<char*>(buffer), size, transfer_of("recv", socket, flags));
  });
}

ssize_t recvfrom(int fd, void* buffer, std::size_t size, int flags, sockaddr* from, socklen_t* length) {
  if (!is_virtual(fd)) return real::recvfrom(fd, buffer, size, flags, from, length);
  const ssize_t got = calls::recv(fd, buffer, size, flags);
  if (got >= 0 && from != nullptr && length != nullptr) *length = 0;  // TCP names nobody
  return got;
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (!is_virtual(fd)) return real::recvmsg(fd, message, flags);
  return on_socket("recvmsg", fd, [&](TcpSocket& socket) {
    const ssize_t got =
        receive(socket, {message->msg_iov, message->msg_iovlen}, transfer_of("recvmsg", socket, flags));
    if (got < 0) return got;
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = flags & MSG_CMSG_CLOEXEC;
    return got;
  });
}

ssize_t write(int fd, const void* buffer, std::size_t size) {
  if (!is_virtual(fd)) return real::write(fd, buffer, size);
  const iovec part{.iov_base = const_cast<void*>(buffer), .iov_len = size};
  return calls::writev(fd, &part, 1);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  if (!is_virtual(fd)) return real::writev(fd, parts, count);
  if (count < 0) return result_of<ssize_t>(-EINVAL);
  const File* file = current_host()->descriptors().find(fd);
  if (file != nullptr && (file->kind() == File::Kind::kEpoll || file->kind() == File::Kind::kTimer)) {
    return result_of<ssize_t>(-EINVAL);
  }
  // vfs_writev() has nothing to do; vfs_write() asks the socket all the same, and comes here with one part.
  const std::span<const iovec> all{parts, static_cast<std::size_t>(count)};
  if (file != nullptr && count != 1 && length_of(all) == 0) return 0;
  return on_socket("write", fd,
                   [&](TcpSocket& socket) { return transmit(socket, all, transfer_of("write", socket, 0)); });
}

ssize_t send(int fd, const void* buffer, std::size_t size, int flags) {
  if (!is_virtual(fd)) return real::send(fd, buffer, size, flags);
  return on_socket("send", fd, [&](TcpSocket& socket) {
    return socket.send({static_cast<const char*>(buffer), size}, transfer_of("send", socket, flags));
  });
}

ssize_t sendto(int fd, const void* buffer, std::size_t size, int flags, const sockaddr* to,
               socklen_t length) {
  if (!is_virtual(fd)) return real::sendto(fd, buffer, size, flags, to, length);
  return calls::send(fd, buffer, size, flags);  // a connected TCP socket ignores where to
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (!is_virtual(fd)) return real::sendmsg(fd, message, flags);
  return on_socket("sendmsg", fd, [&](TcpSocket& socket) {
    if (message->msg_controllen != 0) refuse("sendmsg", "control messages are not modelled");
    return transmit(socket, {message->msg_iov, message->msg_iovlen}, transfer_of("sendmsg", socket, flags));
  });
}

}  // namespace selfconnect::vnet::calls
