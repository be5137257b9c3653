// SPDX-License-Identifier: MIT
#include "harness/ports/port_sequence.h"

#include <utility>

namespace selfconnect {

namespace {

std::vector<std::uint16_t> ports_between(int first, int last, const PortLayout& open,
                                         const std::set<std::uint16_t>& never) {
  std::vector<std::uint16_t> ports;
  for (int number = first; number <= last; ++number) {
    const auto port = static_cast<std::uint16_t>(number);
    if (!open.reserved.contains(port) && !never.contains(port)) ports.push_back(port);
  }
  return ports;
}

}  // namespace

std::vector<std::uint16_t> port_cycle(const Policy& policy, const PortLayout& open,
                                      const std::set<std::uint16_t>& never) {
  if (policy.kind != PolicyKind::kSequential) return {};
  return ports_between(policy.first, policy.last, open, never);
}

PortSequence::PortSequence(const Policy& policy, const PortLayout& open, std::set<std::uint16_t> never)
    : policy_(policy), never_(std::move(never)), random_(policy.seed.value_or(0)) {
  if (policy.kind == PolicyKind::kSequential) {
    ports_ = port_cycle(policy, open, never_);
  } else if (policy.kind == PolicyKind::kRandom) {
    ports_ = ports_between(open.low, open.high, open, never_);
  } else if (is_model(policy.kind)) {
    PortLayout layout = open;
    layout.reserved.insert(never_.begin(), never_.end());
    model_.emplace(policy.kind, layout, policy.seed.value_or(0));
  }
}

std::optional<std::uint16_t> PortSequence::next(const Endpoint& destination,
                                                std::chrono::nanoseconds elapsed) {
  if (policy_.kind == PolicyKind::kForce) {
    if (destination.port == 0 || never_.contains(destination.port)) return std::nullopt;
    return destination.port;
  }
  if (model_) {
    for (; periods_ < elapsed / kReseedPeriod; ++periods_) model_->reseed();
    return model_->next(destination);
  }
  if (ports_.empty()) return std::nullopt;
  if (policy_.kind == PolicyKind::kRandom)
    return ports_[random_.below(static_cast<std::uint32_t>(ports_.size()))];
  const std::uint16_t port = ports_[cursor_];
  cursor_ = (cursor_ + 1) % ports_.size();
  return port;
}

}  // namespace selfconnect
