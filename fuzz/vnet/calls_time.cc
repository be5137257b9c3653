// Clocks and sleeps. The clocks of CPU time (and clock()) stand at 0: computing takes no time here.
// SPDX-License-Identifier: MIT
#include <cerrno>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/clocks.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/refuse.h"
#include "fuzz/vnet/result_of.h"

namespace selfconnect::vnet::calls {

namespace {

// 0, or an errno: a sleep without an end, at a standstill.
int sleep_until(std::optional<Time> limit) {
  const auto waited = current_host()->wait([] { return false; }, limit);
  return waited == Host::Waited::kStandstill ? EDEADLK : 0;
}

int sleep_for(Time duration) { return sleep_until(limit_after(current_host()->now(), duration)); }

// Why a sleep cannot follow this clock; 0 where it can.
int no_sleep_by(clockid_t clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
      return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
      refuse("clock_nanosleep()", "CLOCK_PROCESS_CPUTIME_ID stands still: computing takes no virtual time");
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return ENOTSUP;
    default:
      return EINVAL;
  }
}

}  // namespace

int clock_gettime(clockid_t clock, timespec* now) {
  if (const auto start = clock_at_start(clock)) {
    *now = timespec_of(*start + current_host()->now());
    return 0;
  }
  if (clock < 0)
    refuse("clock_gettime()", "clocks of other processes, of threads and of devices are not modelled");
  if (clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID) return result_of(-EINVAL);
  *now = {};
  return 0;
}

int gettimeofday(timeval* now, void* zone) {
  if (now != nullptr) *now = timeval_of(kRealTimeAtStart + current_host()->now());
  if (zone != nullptr) *static_cast<struct timezone*>(zone) = {};
  return 0;
}

time_t time(time_t* now) {
  const time_t seconds = timespec_of(kRealTimeAtStart + current_host()->now()).tv_sec;
  if (now != nullptr) *now = seconds;
  return seconds;
}

int timespec_get(timespec* now, int base) {
  if (base != TIME_UTC) return 0;
  *now = timespec_of(kRealTimeAtStart + current_host()->now());
  return base;
}

clock_t clock() { return 0; }

int nanosleep(const timespec* duration, timespec* /*left*/) {
  if (!is_valid(*duration)) return result_of(-EINVAL);
  const int error = sleep_for(time_of(*duration));
  return error == 0 ? 0 : result_of(-error);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* duration, timespec* /*left*/) {
  if (const int error = no_sleep_by(clock); error != 0) return error;
  if (!is_valid(*duration)) return EINVAL;
  const Time time = time_of(*duration);
  if ((flags & TIMER_ABSTIME) == 0) return sleep_for(time);
  return sleep_until(time == kNever ? std::nullopt : std::optional(time - *clock_at_start(clock)));
}

int usleep(useconds_t duration) {
  const int error = sleep_for(std::chrono::microseconds(duration));
  return error == 0 ? 0 : result_of(-error);
}

unsigned int sleep(unsigned int seconds) {
  return sleep_for(std::chrono::seconds(seconds)) == 0 ? 0 : seconds;
}

}  // namespace selfconnect::vnet::calls
