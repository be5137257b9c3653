// SPDX-License-Identifier: MIT
#include "harness/trace/packet_clock.h"

#include <algorithm>

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

// Less is what two readings differ by anyway.
constexpr auto kStep = 1ms;

std::chrono::nanoseconds duration_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::nanoseconds offset(const ClockReading& reading) { return reading.realtime - reading.monotonic; }

}  // namespace

ClockReading read_clocks() {
  ClockReading best;
  auto narrowest = std::chrono::nanoseconds::max();
  for (int i = 0; i < 5 && narrowest > 1us; ++i) {
    const auto before = std::chrono::steady_clock::now().time_since_epoch();
    timespec realtime{};
    clock_gettime(CLOCK_REALTIME, &realtime);
    const auto between = std::chrono::steady_clock::now().time_since_epoch() - before;
    if (between >= narrowest) continue;
    narrowest = between;
    best = {.monotonic = before + between / 2, .realtime = duration_of(realtime)};
  }
  return best;
}

void PacketClock::place(const ClockReading& now, std::span<const timespec> stamps, std::span<Instant> sent) {
  const bool stepped = std::chrono::abs(offset(now) - offset(looked_)) >= kStep;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    auto moment = duration_of(stamps[i]) - offset(looked_);
    const bool possible = looked_.monotonic <= moment && moment <= now.monotonic;
    if (stepped && !possible) moment = duration_of(stamps[i]) - offset(now);
    sent[i] = moment - start_;
  }
  // No packet is sent later than the next one.
  Instant next = now.monotonic - start_;
  for (std::size_t i = stamps.size(); i-- > 0;) next = sent[i] = std::max(last_, std::min(sent[i], next));
  if (!stamps.empty()) last_ = sent[stamps.size() - 1];
  looked_ = now;
}

timespec PacketClock::realtime(Instant sent) const {
  const std::chrono::nanoseconds time = start_ + sent + offset_;
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = whole.count(), .tv_nsec = (time - whole).count()};
}

}  // namespace selfconnect
