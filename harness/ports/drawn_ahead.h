// The ports of a policy, drawn before they are asked for, in a table that goes round: for an engine that cannot draw when
// it is asked (a BPF program). Who takes turn t finds its port in slot t modulo the size. For one thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "harness/net/endpoint.h"
#include "harness/ports/port_sequence.h"

namespace selfconnect {

class DrawnAhead {
 public:
  // `table` is shared with those who take turns, and outlives this object. All that is drawn is for `destination`.
  DrawnAhead(PortSequence ports, const Endpoint& destination, std::span<volatile std::uint16_t> table)
      : drawn_(ports), taken_(std::move(ports)), destination_(destination), table_(table) {}

  // Fills the table anew from turn `turns` on, the first that has not been taken. `elapsed`: since the first attempt; where
  // the sequence changes with time (kReseedPeriod), what was drawn too early is drawn again. False: a turn has been
  // taken that was not drawn yet, and so met the port of one before; or the policy has no port.
  [[nodiscard]] bool refill(std::uint64_t turns, std::chrono::nanoseconds elapsed);

 private:
  // Slots that are not refilled yet: of turns that were taken a moment ago, and may be read still.
  static constexpr std::uint64_t kBeingRead = 1024;

  PortSequence drawn_;  // has drawn the turns before `filled_`
  PortSequence taken_;  // ... and those before `passed_`
  Endpoint destination_;
  std::span<volatile std::uint16_t> table_;
  std::uint64_t filled_ = 0;
  std::uint64_t passed_ = 0;
  std::int64_t periods_ = 0;
};

}  // namespace selfconnect
