// timerfd_create(2) and its kin. None is real in a run: one that was made before it goes on in real time.
// SPDX-License-Identifier: MIT
#include <cerrno>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/clocks.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/real.h"
#include "fuzz/vnet/result_of.h"
#include "fuzz/vnet/timer_file.h"

namespace selfconnect::vnet::calls {

namespace {

TimerFile* find_timer(int fd) {
  File* file = current_host()->descriptors().find(fd);
  errno = file == nullptr ? EBADF : EINVAL;
  return file == nullptr || file->kind() != File::Kind::kTimer ? nullptr : static_cast<TimerFile*>(file);
}

}  // namespace

int timerfd_create(int clock, int flags) {
  if ((flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) != 0) return result_of(-EINVAL);
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      break;
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return result_of(-EPERM);  // CAP_WAKE_ALARM
    default:
      return result_of(-EINVAL);
  }
  Host& host = *current_host();
  const auto timer = std::make_shared<TimerFile>(host, *clock_at_start(clock));
  timer->nonblocking = (flags & TFD_NONBLOCK) != 0;
  return host.descriptors().open(timer, (flags & TFD_CLOEXEC) != 0);
}

int timerfd_settime(int fd, int flags, const itimerspec* value, itimerspec* before) {
  // The clocks are never set, so nothing is cancelled on that.
  if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0) return result_of(-EINVAL);
  if (!Descriptors::is_virtual(fd)) return real::timerfd_settime(fd, flags, value, before);
  if (value == nullptr) return result_of(-EFAULT);
  if (!is_valid(value->it_interval) || !is_valid(value->it_value)) return result_of(-EINVAL);
  TimerFile* timer = find_timer(fd);
  if (timer == nullptr) return -1;
  const itimerspec was = timer->set(*value, flags);
  if (before != nullptr) *before = was;
  current_host()->settle();
  return 0;
}

int timerfd_gettime(int fd, itimerspec* value) {
  if (!Descriptors::is_virtual(fd)) return real::timerfd_gettime(fd, value);
  TimerFile* timer = find_timer(fd);
  if (timer == nullptr) return -1;
  *value = timer->get();
  return 0;
}

}  // namespace selfconnect::vnet::calls
