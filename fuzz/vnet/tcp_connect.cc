// connect(2): from the choice of addresses and port to the answer to the SYN, or none. After inet_stream_connect() and tcp_v4_connect()
// of Linux 6.18.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuzz/vnet/host.h"
#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

namespace {

// tcp_syn_retries, tcp_syn_linear_timeouts.
constexpr int kSynRetries = 6, kLinearSyns = 4;

// TCP_TIMEOUT_MIN: two ticks, here of 4 ms.
constexpr Time kLeastTimeout = std::chrono::milliseconds(8);

// After the SYN that was sent again for the n-th time (0: the first one).
Time next_syn_after(int again) {
  return std::chrono::seconds(again <= kLinearSyns ? 1LL : 1LL << (again - kLinearSyns));
}

// How long they would go on if each wait were twice the one before: no SYN is sent again after that.
Time without_linear_syns(int retries) { return std::chrono::seconds((2LL << std::min(retries, 32)) - 1); }

}  // namespace

int TcpSocket::connect(const Endpoint& to, bool block) {
  int otherwise = -EALREADY;
  switch (phase_) {
    case Phase::kConnected:
      return -EISCONN;
    case Phase::kDisconnecting:
      return -EINVAL;
    case Phase::kConnecting:
      break;
    case Phase::kUnconnected:
      if (state_ != TcpState::kClose) return -EISCONN;
      if (const int error = start_connect(to); error != 0) return error;
      phase_ = Phase::kConnecting;
      otherwise = -EINPROGRESS;
  }
  if (state_ == TcpState::kSynSent) {
    // The far ends are not told before the call is over, so that none of them resets what connect() is about to report.
    if (block) host_.network().deliver();
    if (state_ == TcpState::kSynSent) {
      if (!block) return otherwise;
      host_.wait([&] { return state_ != TcpState::kSynSent; }, limit(options.send_limit));
      if (state_ == TcpState::kSynSent) return otherwise;
    }
  }
  return finish_connect();
}

int TcpSocket::finish_connect() {
  if (state_ != TcpState::kClose) {
    phase_ = Phase::kConnected;
    return 0;
  }
  const int error = take_error();
  phase_ = Phase::kUnconnected;
  disconnect();
  return error != 0 ? -error : -ECONNABORTED;
}

// ip_route_connect(): the local table of a host on which every IPv4 address is its own (route `local 0.0.0.0/0 dev lo`).
void TcpSocket::choose_addresses(Endpoint& to) {
  const auto is_any = [](const Address& address) {
    return std::ranges::all_of(address.bytes(), [](char byte) { return byte == 0; });
  };
  const bool bound = !is_any(local_.address);
  if (is_any(to.address)) {
    // tcp_v6_connect() asks for no address that it is bound to.
    to.address = bound && local_.address.family() == Family::kIpv4 && to.address.family() == Family::kIpv4
                     ? local_.address
                     : Address::loopback(to.address.family());
  }
  if (bound) return;
  const bool v4_loopback = plan_.source == Attempt::Source::kRouted && to.address.family() == Family::kIpv4 &&
                           to.address.bytes().front() == 127;
  local_.address = v4_loopback ? Address::loopback(Family::kIpv4) : to.address;
}

int TcpSocket::start_connect(Endpoint to) {
  if (options.only_v6 && family_ == Family::kIpv6 && to.address.family() == Family::kIpv4)
    return -ENETUNREACH;
  plan_ = host_.overseer().attempt(to);
  attempt_ = plan_.number;
  const Address before = local_.address;
  choose_addresses(to);
  remote_ = to;
  state_ = TcpState::kSynSent;
  Ports& ports = host_.network().ports();
  const int error = plan_.port == Attempt::Port::kExhausted ? -EADDRNOTAVAIL
                    : port_ != 0                            ? ports.connect_bound(*this)
                                                            : ports.connect(*this, plan_.port, host_.now());
  if (error != 0) {
    state_ = TcpState::kClose;
    if (!address_bound_) local_.address = before;
    if (port_ != 0 && !port_bound_) unbind();
    remote_ = {};
    return error;
  }
  // tcp_connect_init()
  error_ = 0;
  end_seen_ = false;
  syns_ = 0;
  first_syn_ = host_.now();
  host_.network().send(Network::Segment::kSyn, *this, nullptr);
  return 0;
}

void TcpSocket::wait_for_syn_answer() {
  Time wait = next_syn_after(syns_);
  if (options.user_limit) wait = std::min(wait, first_syn_ + *options.user_limit - host_.now());
  host_.timers().set(*this, host_.now() + wait);
}

// tcp_rcv_synsent_state_process(): the answer was an ACK of an earlier connection.
void TcpSocket::send_syn_again_soon() { host_.timers().set(*this, host_.now() + kLeastTimeout); }

// tcp_write_timeout()
void TcpSocket::expire() {
  if (state_ != TcpState::kSynSent) return;
  const int retries = options.syn_retries.value_or(kSynRetries);
  if (syns_ >= retries + kLinearSyns ||
      host_.now() - first_syn_ >= options.user_limit.value_or(without_linear_syns(retries))) {
    error_ = ETIMEDOUT;
    done();
    wake(POLLERR);
    return;
  }
  ++syns_;
  host_.network().send(Network::Segment::kSyn, *this, nullptr);
}

void TcpSocket::establish(TcpSocket& with) {
  host_.timers().cancel(*this);
  state_ = TcpState::kEstablished;
  peer_ = &with;
  if (!far_) host_.overseer().connected(*this);
  wake(0);
}

}  // namespace selfconnect::vnet
