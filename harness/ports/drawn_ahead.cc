// SPDX-License-Identifier: MIT
#include "harness/ports/drawn_ahead.h"

namespace selfconnect {

bool DrawnAhead::refill(std::uint64_t turns, std::chrono::nanoseconds elapsed) {
  if (turns > filled_) return false;
  // As of the moment of the call: the turns since the last one may belong to the period before.
  const auto before = periods_ * std::chrono::nanoseconds(kReseedPeriod);
  for (; passed_ < turns; ++passed_) (void)taken_.next(destination_, before);
  if (const auto periods = elapsed / kReseedPeriod; periods != periods_) {
    periods_ = periods;
    drawn_ = taken_;
    filled_ = turns;
  }
  for (; filled_ < turns + table_.size() - kBeingRead; ++filled_) {
    const auto port = drawn_.next(destination_, elapsed);
    if (!port) return false;
    table_[filled_ % table_.size()] = *port;
  }
  return true;
}

}  // namespace selfconnect
