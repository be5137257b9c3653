// SPDX-License-Identifier: MIT
#include "fuzz/vnet/timer_file.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

#include "fuzz/vnet/clocks.h"

namespace selfconnect::vnet {

TimerFile::~TimerFile() { host_.timers().cancel(*this); }

void TimerFile::release() { host_.timers().cancel(*this); }

short TimerFile::ready() const { return count_ != 0 ? POLLIN : 0; }

void TimerFile::arm(Time at) {
  at_ = at;
  armed_ = true;
  if (at_ <= host_.now()) {
    expire();
  } else if (at_ < kNever) {
    host_.timers().set(*this, at_);
  }
}

void TimerFile::expire() {
  armed_ = false;
  expired_ = true;
  ++count_;
  wake(POLLIN);
}

std::uint64_t TimerFile::go_on() {
  if (!expired_ || interval_ == Time{0}) return 0;
  expired_ = false;
  const auto passed = (host_.now() - at_) / interval_;
  arm(at_ + (passed + 1) * interval_);
  return static_cast<std::uint64_t>(passed);
}

itimerspec TimerFile::get() {
  count_ += go_on();
  const Time left = armed_ ? at_ - host_.now() : Time{0};
  return {.it_interval = timespec_of(interval_), .it_value = timespec_of(left)};
}

itimerspec TimerFile::set(const itimerspec& value, int flags) {
  const itimerspec before = get();
  host_.timers().cancel(*this);
  armed_ = false;
  expired_ = false;
  count_ = 0;
  interval_ = time_of(value.it_interval);
  const Time time = time_of(value.it_value);
  if (time == Time{0}) return before;
  arm((flags & TFD_TIMER_ABSTIME) != 0 ? time - clock_at_start_ : host_.now() + time);
  return before;
}

ssize_t TimerFile::read(void* into, std::size_t size) {
  if (size < sizeof(count_)) return -EINVAL;
  if (count_ == 0) {
    if (nonblocking) return -EAGAIN;
    const auto waited = host_.wait([this] { return count_ != 0; }, std::nullopt);
    if (waited == Host::Waited::kStandstill) return -EDEADLK;
  }
  const std::uint64_t count = count_ + go_on();
  std::memcpy(into, &count, sizeof(count));
  expired_ = false;
  count_ = 0;
  return sizeof(count);
}

}  // namespace selfconnect::vnet
