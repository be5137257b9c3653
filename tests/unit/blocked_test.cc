// SPDX-License-Identifier: MIT
#include "harness/trace/blocked.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <array>

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

constexpr std::uint64_t kMinusOne = 0xffffffff;  // an int in a register

struct Case {
  std::array<std::uint64_t, 7> call;
  Waiting waiting;
};

TEST(BlockedTest, ACallWithoutATimeoutWaitsForEver) {
  for (const Case& one : std::initializer_list<Case>{
           {{SYS_read, 3, 0, 0, 0, 0, 0}, Waiting::kForDescriptor},
           {{SYS_recvfrom, 3, 0, 0, 0, 0, 0}, Waiting::kForDescriptor},
           {{SYS_connect, 3, 0, 0, 0, 0, 0}, Waiting::kForDescriptor},
           {{SYS_ppoll, 0, 1, 0, 0, 0, 0}, Waiting::kForOthers},
           {{SYS_ppoll, 0, 1, 0x7ffe0000, 0, 0, 0}, Waiting::kNo},
           {{SYS_pselect6, 1, 0, 0, 0, 0, 0}, Waiting::kForOthers},
           {{SYS_pselect6, 1, 0, 0, 0, 0x7ffe0000, 0}, Waiting::kNo},
           {{SYS_epoll_pwait, 4, 0, 8, kMinusOne, 0, 0}, Waiting::kForOthers},
           {{SYS_epoll_pwait, 4, 0, 8, 0xffffffffffffffff, 0, 0}, Waiting::kForOthers},
           {{SYS_epoll_pwait, 4, 0, 8, 100, 0, 0}, Waiting::kNo},
           {{SYS_futex, 0, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0}, Waiting::kForOthers},
           {{SYS_futex, 0, FUTEX_WAIT_BITSET, 1, 0x7ffe0000, 0, 0}, Waiting::kNo},
           {{SYS_futex, 0, FUTEX_WAKE, 1, 0, 0, 0}, Waiting::kNo},
           {{SYS_wait4, kMinusOne, 0, 0, 0, 0, 0}, Waiting::kForOthers},
           {{SYS_clock_nanosleep, 0, 0, 0, 0, 0, 0}, Waiting::kNo},
           {{SYS_write, 3, 0, 0, 0, 0, 0}, Waiting::kNo},
       }) {
    EXPECT_EQ(waits_without_limit(one.call), one.waiting)
        << "system call " << one.call[0] << ", argument 3 " << one.call[3] << ", 4 " << one.call[4];
  }
}

TEST(BlockedTest, AThreadThatRunsIsInNoCall) { EXPECT_EQ(waits_without_limit({}), Waiting::kNo); }

}  // namespace
}  // namespace selfconnect
