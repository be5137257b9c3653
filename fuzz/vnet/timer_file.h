// timerfd_create(2), as fs/timerfd.c has it: a timer that expires sets a count, and goes on only once that is looked at. So an
// interval that nobody reads is one happening, not endless ones.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/timerfd.h>
#include <sys/types.h>

#include <cstdint>

#include "fuzz/vnet/file.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/virtual_time.h"

namespace selfconnect::vnet {

class TimerFile final : public File, private Timed {
 public:
  // `clock_at_start`: what its clock said when the run began (clocks.h).
  TimerFile(Host& host, Time clock_at_start)
      : File(Kind::kTimer), host_(host), clock_at_start_(clock_at_start) {}
  ~TimerFile() override;

  // As timerfd_settime(2) and timerfd_gettime(2), of valid times. The time that is left, and the interval.
  itimerspec set(const itimerspec& value, int flags);
  itimerspec get();
  // read(2): the count of expirations, 8 bytes; waits for one, but for O_NONBLOCK. Or an errno below 0.
  ssize_t read(void* into, std::size_t size);

  [[nodiscard]] short ready() const override;
  void release() override;

 private:
  void expire() override;
  void arm(Time at);
  // Expirations since the one that was not yet looked at, that one left out; the next one is set.
  std::uint64_t go_on();

  Host& host_;
  const Time clock_at_start_;
  Time at_{};             // of the next expiration, or of the last one
  Time interval_{};       // 0: none
  bool expired_ = false;  // since it was armed, read or looked at
  bool armed_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace selfconnect::vnet
