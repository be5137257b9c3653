// Growth of a figure of /proc with each attempt: what leaks-fds and leaks-memory share. Pure.
//
//   attempts   1 . . . 5 | 6 . . 9 | 10 . . 13 | 14 . . 17 | 18 . . 20
//              warm-up     window    window      window      window      the least sample of each counts
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

// Of one process. Warm-up, the first quarter of its attempts, is left out.
struct Growth {
  std::int32_t pid = 0;
  std::string name;
  std::size_t windows = 0;
  double first = 0;  // least of the first window
  double last = 0;   // least of the last window
  Instant first_at{}, last_at{};
  std::uint64_t attempts = 0;  // between those two samples
  bool steady = false;         // every window's least is above that of the window before
  bool slowing = false;        // the later half, or the last window, grows at less than half the pace before

  [[nodiscard]] double total() const { return last - first; }
  [[nodiscard]] double per_attempt() const {
    return attempts == 0 ? 0 : total() / static_cast<double>(attempts);
  }
};

inline constexpr std::uint64_t kLeastAttempts = 6;  // to one destination, before growth is judged
// Between the first and the last window: many links opened in one burst are one cycle, not many.
inline constexpr std::chrono::milliseconds kLeastSpan{100};

using SampleValue = std::function<double(const ProcessSample&)>;

// One entry for each process with samples in at least three windows; empty when the trace has too few
// attempts or samples.
[[nodiscard]] std::vector<Growth> measure_growth(const Trace& trace, const SampleValue& value);

}  // namespace selfconnect
