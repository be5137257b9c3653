// The calls that make, name, connect and end sockets.
// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstring>

#include "client.h"
#include "client_text.h"

namespace selfconnect::conformance {

std::string Client::socket(const Call& call) {
  const std::int64_t type = call.value(1);
  const bool v4 = flavour_ == Flavour::kIpv4 || ((type & kOtherFamily) != 0 && flavour_ == Flavour::kMapped);
  const int flags = SOCK_CLOEXEC | ((type & kNonblocking) != 0 ? SOCK_NONBLOCK : 0);
  const int made = stack_.socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | flags, 0);
  // When small segments are sent, and not what is sent, is what Nagle's algorithm decides: the virtual network has none.
  const int on = 1;
  if (made >= 0) stack_.setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  put(call, 0, made);
  return result_text(std::min(made, 0));
}

std::string Client::bind(const Call& call) {
  const Address local = address(fd(call), call.value(1));
  return result_text(stack_.bind(fd(call), reinterpret_cast<const sockaddr*>(&local.storage), local.length));
}

std::string Client::connect(const Call& call) {
  Address remote = address(fd(call), call.value(1));
  // Linux mixes up a socket that has dialled a mapped address and then dials ::, so that nothing ever answers.
  auto& v6 = reinterpret_cast<sockaddr_in6&>(remote.storage);
  if (flavour_ == Flavour::kMapped && v6.sin6_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr)) {
    inet_pton(AF_INET6, "::ffff:0.0.0.0", &v6.sin6_addr);
  }
  return result_text(
      stack_.connect(fd(call), reinterpret_cast<const sockaddr*>(&remote.storage), remote.length));
}

std::string Client::listen(const Call& call) {
  return result_text(stack_.listen(fd(call), static_cast<int>(call.value(1))));
}

std::string Client::accept(const Call& call) {
  Address peer = room_for_address(call, 3);
  const bool wanted = call.value(3) != kNoAddress;
  auto* const storage = wanted ? reinterpret_cast<sockaddr*>(&peer.storage) : nullptr;
  socklen_t* const length = wanted ? &peer.length : nullptr;
  const int flags = static_cast<int>(call.value(2));
  const int accepted = flags == 0 ? stack_.accept(fd(call), storage, length)
                                  : stack_.accept4(fd(call), storage, length, flags);
  if (accepted < 0) return result_text(accepted);
  put(call, 1, accepted);
  return wanted ? "0 " + name(peer.storage, peer.length) : "0";
}

std::string Client::shutdown(const Call& call) {
  return result_text(stack_.shutdown(fd(call), static_cast<int>(call.value(1))));
}

std::string Client::close(const Call& call) {
  const int closed = fd(call);
  std::erase(open_, closed);
  std::string text = result_text(stack_.close(closed));
  std::ranges::replace(slots_, closed, -1);
  return text;
}

std::string Client::dup(const Call& call) {
  if (call.value(2) == 0) {
    const int made = stack_.dup(fd(call));
    std::string text = result_text(std::min(made, 0));
    put(call, 1, made);
    return text;
  }
  const int onto = fd(call, 1);
  const int made = call.value(2) == 1 ? stack_.dup2(fd(call), onto) : stack_.dup3(fd(call), onto, O_CLOEXEC);
  std::string text = result_text(std::min(made, 0));
  if (made >= 0) told_fds_[static_cast<std::size_t>(call.value(1))] = -1;
  return text;
}

std::string Client::getsockname(const Call& call) {
  Address local = room_for_address(call, 1);
  const int result = stack_.getsockname(fd(call), reinterpret_cast<sockaddr*>(&local.storage), &local.length);
  return result < 0 ? result_text(result) : "0 " + name(local.storage, local.length);
}

std::string Client::getpeername(const Call& call) {
  Address peer = room_for_address(call, 1);
  const int result = stack_.getpeername(fd(call), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length);
  return result < 0 ? result_text(result) : "0 " + name(peer.storage, peer.length);
}

Client::Address Client::room_for_address(const Call& call, std::size_t operand) {
  const std::int64_t room = call.value(operand);
  Address address;
  std::memset(&address.storage, '?', sizeof(address.storage));
  address.length = static_cast<socklen_t>(room == kNoAddress ? kFullRoom : room);
  return address;
}

}  // namespace selfconnect::conformance
