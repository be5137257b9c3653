// From the stamps that the kernel gives packets to the time since a phase began.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ctime>
#include <span>

#include "harness/trace/packet.h"

namespace selfconnect {

// CLOCK_MONOTONIC and CLOCK_REALTIME at one moment.
struct ClockReading {
  std::chrono::nanoseconds monotonic{};
  std::chrono::nanoseconds realtime{};
};

// To within a microsecond, unless this thread is held up again and again.
[[nodiscard]] ClockReading read_clocks();

// Packets are stamped with CLOCK_REALTIME, which is set now and then: by an administrator, by NTP, or when a virtual
// machine goes on. A phase must not notice. A socket that has asked for stamps only just now may also get its first
// packets without (net_enable_timestamp() is deferred); those are stamped when they are read, so after later ones.
class PacketClock {
 public:
  PacketClock(std::chrono::steady_clock::time_point start, const ClockReading& now)
      : start_(start.time_since_epoch()), offset_(now.realtime - now.monotonic), looked_(now) {}

  // When the packets were sent that were taken since the last call, in the order captured; `now` was read after that.
  // Where the clock was set meanwhile, a stamp means what it did under the old setting if that is possible. Each is
  // sent no later than the next one, and none later than now. `sent` is as long as `stamps`.
  void place(const ClockReading& now, std::span<const timespec> stamps, std::span<Instant> sent);
  // On CLOCK_REALTIME as it was set when this was made.
  [[nodiscard]] timespec realtime(Instant sent) const;

 private:
  std::chrono::nanoseconds start_;
  std::chrono::nanoseconds offset_;
  ClockReading looked_;
  Instant last_ = Instant::min();
};

}  // namespace selfconnect
