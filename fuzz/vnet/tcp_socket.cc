// A socket before it is connected, and what it tells of itself. In the order of things of net/ipv4/tcp.c, af_inet.c and
// inet_connection_sock.c of Linux 6.18: which check comes first decides which errno a client sees.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/tcp_socket.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuzz/vnet/host.h"

namespace selfconnect::vnet {

TcpSocket::TcpSocket(Host& host, Family family) : File(Kind::kTcp), host_(host), family_(family) {
  if (family == Family::kIpv6) local_.address = Address::v6({});
}

TcpSocket::~TcpSocket() {
  host_.timers().cancel(*this);
  host_.network().forget(*this);
  if (port_ != 0) unbind();
  if (peer_ != nullptr && peer_ != this) peer_->peer_ = nullptr;
}

std::optional<Time> TcpSocket::limit(const std::optional<Time>& duration) const {
  if (!duration) return std::nullopt;
  return host_.now() + *duration;
}

int TcpSocket::take_error() { return std::exchange(error_, 0); }

Address TcpSocket::any_address() const { return family_ == Family::kIpv6 ? Address::v6({}) : Address(); }

void TcpSocket::unbind() { host_.network().ports().release(*this); }

int TcpSocket::bind(const Endpoint& address) {
  if (state_ != TcpState::kClose || port_ != 0) return -EINVAL;
  if (options.only_v6 && family_ == Family::kIpv6 && address.address.family() == Family::kIpv4)
    return -EINVAL;
  local_.address = address.address;
  if (const int error = host_.network().ports().bind(*this, address.port, host_.now()); error != 0) {
    local_.address = any_address();
    return error;
  }
  address_bound_ = std::ranges::any_of(address.address.bytes(), [](char byte) { return byte != 0; });
  if (address_bound_ && address.address.family() == Family::kIpv6) options.only_v6 = true;  // __inet6_bind()
  port_bound_ = address.port != 0;
  remote_ = {};
  return 0;
}

int TcpSocket::listen(int backlog) {
  if (phase_ != Phase::kUnconnected || (state_ != TcpState::kClose && state_ != TcpState::kListen))
    return -EINVAL;
  constexpr unsigned kMostBacklog = 4096;  // net.core.somaxconn
  backlog_ = std::min(static_cast<unsigned>(backlog), kMostBacklog);
  if (state_ == TcpState::kListen) return 0;
  Ports& ports = host_.network().ports();
  if (port_ == 0) {
    if (const int error = ports.bind(*this, 0, host_.now()); error != 0) return error;
  } else if (!ports.may_listen(*this, host_.now())) {
    return -EADDRINUSE;
  }
  state_ = TcpState::kListen;
  return 0;
}

void TcpSocket::stop_listening() {
  for (const auto& child : std::exchange(accept_queue_, {})) {
    child->orphan_ = true;
    child->disconnect();
  }
}

TcpSocket::Accepted TcpSocket::accept(bool block) {
  if (state_ != TcpState::kListen) return {.error = -EINVAL, .socket = nullptr};
  if (accept_queue_.empty()) {
    if (!block) return {.error = -EAGAIN, .socket = nullptr};
    const auto waited = host_.wait([&] { return !accept_queue_.empty() || state_ != TcpState::kListen; },
                                   limit(options.receive_limit));
    if (waited == Host::Waited::kStandstill) return {.error = -EDEADLK, .socket = nullptr};
    if (state_ != TcpState::kListen) return {.error = -EINVAL, .socket = nullptr};
    if (accept_queue_.empty()) return {.error = -EAGAIN, .socket = nullptr};
  }
  std::shared_ptr<TcpSocket> child = std::move(accept_queue_.front());
  accept_queue_.erase(accept_queue_.begin());
  return {.error = 0, .socket = std::move(child)};
}

// tcp_poll()
short TcpSocket::ready() const {
  if (state_ == TcpState::kListen) return accept_queue_.empty() ? 0 : kReadable;
  int mask = 0;
  if ((receive_shut_ && send_shut_) || state_ == TcpState::kClose) mask |= POLLHUP;
  if (receive_shut_) mask |= kReadable | POLLRDHUP;
  if (state_ != TcpState::kSynSent) {
    if (!received_.empty()) mask |= kReadable;
    if (send_shut_ || room() > 0) mask |= kWritable;
  }
  if (error_ != 0) mask |= POLLERR;
  return static_cast<short>(mask);
}

int TcpSocket::peer_name(Endpoint& name) const {
  if (remote_.port == 0 || state_ == TcpState::kClose || state_ == TcpState::kSynSent) return -ENOTCONN;
  name = remote_;
  return 0;
}

}  // namespace selfconnect::vnet
