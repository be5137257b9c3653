// What the calls on sockets share: from a descriptor to its socket. Internal to this folder.
// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <memory>
#include <string_view>

#include "fuzz/vnet/host.h"
#include "fuzz/vnet/refuse.h"
#include "fuzz/vnet/result_of.h"
#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

// Does `act`, an int or ssize_t (TcpSocket&), on the socket of a virtual descriptor, and lets the network come to rest; EBADF or
// ENOTSOCK where it is none.
template <class Act>
auto on_socket(std::string_view call, int fd, const Act& act) -> decltype(act(std::declval<TcpSocket&>())) {
  using Result = decltype(act(std::declval<TcpSocket&>()));
  Host& host = *current_host();
  File* file = host.descriptors().find(fd);
  if (file == nullptr) return result_of<Result>(-EBADF);
  if (file->kind() == File::Kind::kDatagram) refuse(call, "of sockets only TCP is modelled");
  if (file->kind() != File::Kind::kTcp) return result_of<Result>(-ENOTSOCK);
  const Result result = act(static_cast<TcpSocket&>(*file));
  host.settle();
  return result_of(result);
}

}  // namespace selfconnect::vnet
