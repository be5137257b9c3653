// SPDX-License-Identifier: MIT
#include "harness/measure/open_calls.h"

#include <algorithm>

namespace selfconnect {

void OpenCalls::add(const Engine::Call& call) {
  if (call.port == 0) return;
  if (count_ == kMost) {
    for (auto& calls : by_port_) calls.clear();
    count_ = 0;
  }
  by_port_[call.port].push_back(call);
  ++count_;
}

std::optional<Engine::Call> OpenCalls::take(const Endpoint& source, const Endpoint& destination,
                                            std::chrono::steady_clock::time_point now) {
  auto& calls = by_port_[source.port];
  count_ -= std::erase_if(calls, [&](const Engine::Call& call) { return now - call.at > kLongest; });
  const auto found = std::ranges::find(calls, destination,
                                       [](const Engine::Call& call) { return reached_by(call.destination); });
  if (found == calls.end()) return std::nullopt;
  const Engine::Call call = *found;
  calls.erase(found);
  --count_;
  return call;
}

bool OpenCalls::has_from_before(std::chrono::steady_clock::time_point time,
                                std::chrono::steady_clock::time_point now) const {
  const auto may_come = [&](const Engine::Call& call) {
    return call.at <= time && now - call.at <= kLongest;
  };
  return std::ranges::any_of(by_port_,
                             [&](const auto& calls) { return std::ranges::any_of(calls, may_come); });
}

}  // namespace selfconnect
