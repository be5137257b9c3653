// The texts of /proc, and the thinning of samples. tests/kernel reads the real ones.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/trace/proc_sampler.h"
#include "harness/trace/tcp_counters.h"

namespace selfconnect {
namespace {

constexpr std::string_view kStat =
    "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 153 0 0 0 250 50 0 0 20 0 1 0 55 2621440 213 "
    "18446744073709551615\n";

TEST(ProcStatTest, ReadsANameWithParenthesesAndSpaces) {
  const auto sample = parse_proc_stat(kStat, 100, 4096);
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->pid, 4711);
  EXPECT_EQ(sample->name, "a (b) c");
  EXPECT_EQ(sample->state, 'S');
  EXPECT_EQ(sample->cpu, std::chrono::seconds(3));
  EXPECT_EQ(sample->resident_bytes, 213U * 4096U);
}

TEST(ProcStatTest, RejectsEveryTruncation) {
  const std::size_t needed = kStat.find(" 18446744073709551615") - std::string_view("213").size();
  for (std::size_t n = 0; n <= needed; ++n) EXPECT_FALSE(parse_proc_stat(kStat.substr(0, n), 100, 4096)) << n;
  EXPECT_FALSE(parse_proc_stat("x (y) S 1 1 1 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 0 0 1", 100, 4096));
  EXPECT_FALSE(parse_proc_stat(")(", 100, 4096));
}

constexpr std::string_view kSnmp =
    "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab "
    "InSegs "
    "OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
    "Tcp: 1 200 120000 -1 5 6 7 8 9 10 11 12 13 14 15\n"
    "Udp: InDatagrams\nUdp: 3\n";

TEST(TcpCountersTest, ReadsCountersByName) {
  const auto counters = parse_snmp(kSnmp);
  ASSERT_TRUE(counters) << counters.error().message;
  EXPECT_EQ(*counters, (TcpCounters{.active_opens = 5,
                                    .passive_opens = 6,
                                    .attempt_fails = 7,
                                    .in_segs = 10,
                                    .out_segs = 11,
                                    .out_rsts = 14}));
}

TEST(TcpCountersTest, RejectsWhatIsMissing) {
  EXPECT_FALSE(parse_snmp(""));
  EXPECT_FALSE(parse_snmp("Tcp: ActiveOpens\n"));
  EXPECT_FALSE(parse_snmp("Tcp: ActiveOpens\nTcp: 5\n"));
  std::string text(kSnmp);
  text.replace(text.find(" 14 15"), 6, " x 15");
  EXPECT_FALSE(parse_snmp(text));
  EXPECT_FALSE(parse_snmp(std::string(kSnmp).substr(0, kSnmp.find(" 14 15"))));
}

TEST(TcpCountersTest, TellsGrowth) {
  const TcpCounters from = {.active_opens = 5, .out_rsts = 9};
  const TcpCounters to = {.active_opens = 8, .out_rsts = 1};
  EXPECT_EQ(growth(from, to), (TcpCounters{.active_opens = 3}));
}

std::vector<ProcessSample> round_of(int at, int processes) {
  std::vector<ProcessSample> round;
  for (int pid = 1; pid <= processes; ++pid) round.push_back({.at = Instant(at), .pid = pid});
  return round;
}

TEST(SampleLogTest, KeepsAllBelowTheLimit) {
  SampleLog log(8);
  for (int at = 1; at <= 4; ++at) log.add(round_of(at, 2));
  EXPECT_EQ(log.samples().size(), 8U);
}

TEST(SampleLogTest, KeepsFirstAndNewestWhateverItDrops) {
  for (const int processes : {1, 2, 3, 4}) {
    SampleLog log(8);
    for (int at = 1; at <= 200; ++at) {
      log.add(round_of(at, processes));
      const auto samples = log.samples();
      ASSERT_LE(samples.size(), 8U);
      ASSERT_EQ(samples.front().at, Instant(1));
      ASSERT_EQ(samples.back().at, Instant(at));
      ASSERT_EQ(samples.back().pid, processes) << "whole rounds only";
      ASSERT_TRUE(std::ranges::is_sorted(samples, {}, &ProcessSample::at));
    }
  }
}

TEST(SampleLogTest, SpreadsSamplesEvenly) {
  SampleLog log(100);
  for (int at = 0; at < 10'000; ++at) log.add(round_of(at, 1));
  const auto samples = log.samples();
  EXPECT_GE(samples.size(), 40U);
  for (std::size_t i = 2; i + 1 < samples.size(); ++i) {
    EXPECT_EQ(samples[i].at - samples[i - 1].at, samples[1].at - samples[0].at);
  }
}

TEST(SampleLogTest, CutsARoundThatIsTooLarge) {
  SampleLog log(8);
  log.add(round_of(1, 100));
  log.add(round_of(2, 100));
  EXPECT_EQ(log.samples().size(), 8U);
}

}  // namespace
}  // namespace selfconnect
