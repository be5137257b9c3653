// SPDX-License-Identifier: MIT
#include "harness/trace/realtime.h"

namespace selfconnect {

std::chrono::nanoseconds realtime_offset() {
  auto narrowest = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds offset{};
  for (int i = 0; i < 5; ++i) {
    const auto before = std::chrono::steady_clock::now().time_since_epoch();
    timespec real{};
    clock_gettime(CLOCK_REALTIME, &real);
    const auto between = std::chrono::steady_clock::now().time_since_epoch() - before;
    if (between >= narrowest) continue;
    narrowest = between;
    offset = duration_of(real) - (before + between / 2);
  }
  return offset;
}

}  // namespace selfconnect
