// SPDX-License-Identifier: MIT
#include "harness/measure/held_ports.h"

namespace selfconnect {

namespace {

constexpr std::chrono::seconds kTimeWait{60};   // TCP_TIMEWAIT_LEN (include/net/tcp.h)
constexpr std::chrono::seconds kReuseDelay{1};  // tcp_tw_reuse_delay

}  // namespace

void HeldPorts::connected(const Syn& to_itself) {
  if (held_.size() < kMost || held_.contains(to_itself.destination)) held_[to_itself.destination].reset();
}

// RST leaves nothing. A FIN comes back to the socket that sent it, a simultaneous close, which ends in TIME_WAIT (RFC 9293
// 3.6).
void HeldPorts::ended(const Syn& end) {
  const auto held = held_.find(end.destination);
  if (held == held_.end() || !end.to_itself()) return;
  if (end.kind == Syn::Kind::kReset) {
    held_.erase(held);
  } else if (!held->second) {
    held->second = end.at;
  }
}

HeldPorts::State HeldPorts::at(const Syn& attempt) const {
  const auto held = held_.find(attempt.destination);
  if (held == held_.end()) return State::kFree;
  if (!held->second) return State::kOpen;
  return attempt.at - *held->second < time_wait_of(attempt.destination) ? State::kTimeWait : State::kFree;
}

std::chrono::nanoseconds HeldPorts::time_wait_of(const Endpoint& destination) const {
  return by_ == PortsBy::kEngine || !destination.address.is_loopback() ? kTimeWait : kReuseDelay;
}

}  // namespace selfconnect
