// SPDX-License-Identifier: MIT
#include "harness/judge/retry.h"

#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RetryTest, MeasuresFromAttemptToAttemptPerDestination) {
  const Trace trace = TraceBuilder(Phase::kRefused)
                          .refused(1ms)
                          .refused(50ms, kOtherServer)
                          .self_connected(101ms)
                          .accepted(301ms)
                          .refused(900ms, kOtherServer);
  EXPECT_THAT(retry_intervals(trace, kServer), ElementsAre(100ms, 200ms));
  EXPECT_THAT(retry_intervals(trace, kOtherServer), ElementsAre(850ms));
  EXPECT_EQ(largest_retry_interval(trace), 850ms);
}

TEST(RetryTest, NeverSpansAttemptsThatWereOnlyCounted) {
  const Trace trace =
      TraceBuilder(Phase::kRefused).refused(1ms).refused(3ms).uncounted(7).refused(5s).refused(5010ms);
  EXPECT_THAT(retry_intervals(trace, kServer), ElementsAre(2ms, 10ms));
  EXPECT_EQ(largest_retry_interval(trace), 10ms);
}

TEST(RetryTest, HasNoIntervalWithoutASecondAttempt) {
  const Trace trace = TraceBuilder(Phase::kRefused).refused(1ms).refused(2ms, kOtherServer);
  EXPECT_THAT(retry_intervals(trace, kServer), IsEmpty());
  EXPECT_EQ(largest_retry_interval(trace), std::nullopt);
}

TEST(RetryTest, AllowsThreeIntervalsAndASecondForRecovery) {
  EXPECT_EQ(recovery_window(2s), 7s);
  EXPECT_EQ(recovery_window(std::nullopt), 1s);
}

}  // namespace
}  // namespace selfconnect
