// How many calls of connect() were made for certain. An engine may tell of a call before it goes on, and its process be
// killed in between. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "harness/ports/engine.h"

namespace selfconnect {

class MadeCalls {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void add(const Engine::Call& call);

  // Of those of the engines that tell beforehand the last one of each thread is not certain, unless a SYN was sent after it
  // or it was long before the processes were ended.
  [[nodiscard]] std::uint64_t count(Time last_syn, Time ended) const;

 private:
  static constexpr std::chrono::milliseconds kLongest{500};  // on the way into the kernel
  static constexpr std::size_t kMostThreads = 4096;

  std::uint64_t certain_ = 0;
  std::map<pid_t, Time> last_;  // of each thread
};

}  // namespace selfconnect
