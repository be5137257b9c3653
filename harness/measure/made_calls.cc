// SPDX-License-Identifier: MIT
#include "harness/measure/made_calls.h"

#include <algorithm>

namespace selfconnect {

void MadeCalls::add(const Engine::Call& call) {
  if (!call.told_before) {
    ++certain_;
    return;
  }
  const auto [known, is_new] = last_.try_emplace(call.thread, call.at);
  if (!is_new) {  // the one before has returned
    ++certain_;
    known->second = call.at;
  }
  if (last_.size() <= kMostThreads) return;
  const auto oldest = std::ranges::min_element(last_, {}, [](const auto& one) { return one.second; });
  ++certain_;
  last_.erase(oldest);
}

std::uint64_t MadeCalls::count(Time last_syn, Time ended) const {
  const auto is_certain = [&](const auto& one) {
    return one.second <= last_syn || ended - one.second > kLongest;
  };
  return certain_ + static_cast<std::uint64_t>(std::ranges::count_if(last_, is_certain));
}

}  // namespace selfconnect
