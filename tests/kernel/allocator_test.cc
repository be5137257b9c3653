// The model of the running kernel against the running kernel: attempts until the first self-connect, measured in a
// world and simulated, compared by the two-sample test of Kolmogorov and Smirnov. At the level 1e-4 a right model is
// rejected in less than 1 in 10,000 comparisons; a wrong one must be rejected by the same samples.
//
// Each trial dials an address of its own, for which the kernel's hash begins anew. The addresses are drawn at random, for
// the hash knows no network namespace: a world that dials what another one dialled in the same ten seconds goes on where
// that one was. One socket is dialled again and again, which costs 7 us an attempt; two threads share the trials.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <future>
#include <numeric>
#include <random>

#include "harness/check/capabilities.h"
#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/ports/first_hits.h"
#include "harness/world/world.h"
#include "in_world.h"
#include "tests/two_sample.h"

namespace selfconnect {
namespace {

using testing::same_distribution_p;

constexpr double kLevel = 1e-4;
constexpr std::size_t kSimulated = 200'000;
constexpr std::uint64_t kNoEnd = ~std::uint64_t{0} - 1;
constexpr std::uint64_t kNoReseed = ~std::uint64_t{0};  // a trial takes far less than ten seconds

// Addresses that are local in a world by its route, and then their own source: 1.0.0.0 to 126.255.255.255.
constexpr std::uint32_t kFirstAddress = 1U << 24, kAddresses = 126U << 24;

std::uint32_t random_start() { return static_cast<std::uint32_t>(std::random_device()()); }

Endpoint destination_of(std::uint32_t number, std::uint16_t port) {
  const std::uint32_t address = kFirstAddress + number % kAddresses;
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(address >> shift); };
  return {Address::v4({byte(24), byte(16), byte(8), byte(0)}), port};
}

// One attempt, and back to an unconnected socket; 0: refused, 1: connected to itself, negative: an errno.
int attempt(int socket, const sockaddr_storage& to, socklen_t length) {
  if (connect(socket, reinterpret_cast<const sockaddr*>(&to), length) != 0) {
    return errno == ECONNREFUSED ? 0 : -errno;
  }
  sockaddr_storage local{};
  socklen_t size = sizeof(local);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&local), &size) != 0) return -errno;
  if (Endpoint::from_sockaddr(local) != Endpoint::from_sockaddr(to)) return -EISCONN;
  return 1;
}

// connect(2): AF_UNSPEC dissolves the association, by RST where it was established.
bool unconnect(int socket) {
  const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
  return connect(socket, &nobody, sizeof(nobody)) == 0;
}

using Hits = std::vector<std::uint64_t>;

// The attempts of each trial up to its first self-connect, at most `most`; most + 1 where there was none by then.
Result<Hits> measure_with(int socket, std::uint16_t port, int trials, std::uint64_t most) {
  Hits hits;
  const std::uint32_t start = random_start();
  fmt::print("{} trials at {} and the addresses after it\n", trials, destination_of(start, port).text());
  for (std::uint32_t trial = 0; hits.size() < static_cast<std::size_t>(trials); ++trial) {
    sockaddr_storage to{};
    const socklen_t length = destination_of(start + trial, port).to_sockaddr(to);
    std::uint64_t attempts = 0;
    int outcome = 0;
    while (outcome == 0 && attempts < most) {
      outcome = attempt(socket, to, length);
      ++attempts;
    }
    if (outcome < 0) return std::unexpected(errno_error("dial", -outcome));
    if (!unconnect(socket)) return std::unexpected(errno_error("connect(AF_UNSPEC)"));
    hits.push_back(outcome == 1 ? attempts : most + 1);
  }
  return hits;
}

Result<Hits> measure(const World& world, std::uint16_t port, int trials, std::uint64_t most = kNoEnd) {
  const auto here = world.socket(AF_INET, SOCK_STREAM, 0), there = world.socket(AF_INET, SOCK_STREAM, 0);
  if (!here) return std::unexpected(here.error());
  if (!there) return std::unexpected(there.error());
  auto other = std::async(std::launch::async, measure_with, there->get(), port, trials / 2, most);
  auto hits = measure_with(here->get(), port, trials - trials / 2, most);
  const auto others = other.get();
  if (!others) return others;
  if (hits) hits->insert(hits->end(), others->begin(), others->end());
  return hits;
}

Hits simulated(const PortLayout& layout, std::uint16_t port, std::uint64_t attempts_per_period = kNoReseed) {
  const CandidateRing ring = candidate_ring(PolicyKind::kLinux5_18, layout);
  FirstHits first_hits(ring, port, attempts_per_period, 1);
  Hits hits(kSimulated);
  for (auto& hit : hits) hit = first_hits.next();
  return hits;
}

// What `model` would give, one attempt after another, each trial with the next seed.
Hits stepped(PolicyKind model, const PortLayout& layout, std::uint16_t port, int trials) {
  Hits hits;
  for (int trial = 0; trial < trials; ++trial) {
    AllocatorModel allocator(model, layout, static_cast<std::uint64_t>(trial) + 1);
    std::uint64_t attempts = 1;
    while (allocator.next({Address::v4({10, 0, 0, 1}), port}) != port) ++attempts;
    hits.push_back(attempts);
  }
  return hits;
}

double mean(const Hits& hits) {
  return std::accumulate(hits.begin(), hits.end(), 0.0) / static_cast<double>(hits.size());
}

struct Situation {
  const char* name;
  PortLayout layout;
  std::uint16_t port;
  int trials;
  std::vector<PolicyKind> wrong;  // models that these many trials tell from the kernel, at the same level
  std::uint64_t most = kNoEnd;    // attempts of a trial
};

Hits at_most(Hits hits, std::uint64_t most) {
  for (auto& hit : hits) hit = std::min(hit, most + 1);
  return hits;
}

void PrintTo(const Situation& situation, std::ostream* stream) { *stream << situation.name; }

class AllocatorTest : public testing::InWorld {
 protected:
  void SetUp() override {
    InWorld::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto text = read_kernel_text("/proc/sys/kernel/osrelease");
    const auto model = model_of_release(text.value_or(""));
    SELFCONNECT_NEEDS("linux-5.18", model == PolicyKind::kLinux5_18 ? "" : "another allocator runs here");
  }

  void set_ports(const PortLayout& layout) {
    ASSERT_TRUE(world().set_sysctl("net/ipv4/ip_local_port_range", layout.range_text()));
    ASSERT_TRUE(world().set_sysctl("net/ipv4/ip_local_reserved_ports", layout.reserved_text() + "\n"));
  }
};

class RangeTest : public AllocatorTest, public ::testing::WithParamInterface<Situation> {};

TEST_P(RangeTest, AgreesWithItsModelAndNotWithOthers) {
  const auto& [name, layout, port, trials, wrong, most] = GetParam();
  ASSERT_NO_FATAL_FAILURE(set_ports(layout));
  const auto measured = measure(world(), port, trials, most);
  ASSERT_TRUE(measured) << measured.error().message;
  const Hits modelled = at_most(simulated(layout, port), most);
  const double p = same_distribution_p(*measured, modelled);
  fmt::print("{}: attempts to the first self-connect, mean of {} trials {:.1f}, model {:.1f}; p = {:.3f}\n",
             name, trials, mean(*measured), mean(modelled), p);
  EXPECT_GT(p, kLevel);
  for (const PolicyKind model : wrong) {
    const double wrong_p = same_distribution_p(*measured, at_most(stepped(model, layout, port, 5000), most));
    fmt::print("  {}: p = {:.1e}\n", policy_name(model), wrong_p);
    EXPECT_LT(wrong_p, kLevel) << policy_name(model);
  }
}

constexpr auto kLinux2_6 = PolicyKind::kLinux2_6;
constexpr auto kLinux4_2 = PolicyKind::kLinux4_2;
constexpr auto kFreebsd = PolicyKind::kFreebsd;

PortLayout layout_of(int low, int high, std::set<std::uint16_t> reserved = {}) {
  return {.low = static_cast<std::uint16_t>(low),
          .high = static_cast<std::uint16_t>(high),
          .reserved = std::move(reserved)};
}

std::vector<Situation> possible() {
  const std::set<std::uint16_t> some = {50002, 50004, 50006, 50018, 50021};
  return {
      {"TwoPorts", layout_of(50000, 50001), 50000, 200, {kLinux2_6}},
      {"TwoPortsFromAnOddOne", layout_of(50001, 50002), 50001, 200, {kLinux2_6}},
      {"SixteenPorts", layout_of(50000, 50015), 50006, 5000, {kLinux2_6, kLinux4_2, kFreebsd}},
      {"SixteenPortsFromAnOddOne", layout_of(50001, 50016), 50009, 5000, {kLinux2_6, kLinux4_2}},
      {"SixtyFourPorts", layout_of(50000, 50063), 50020, 5000, {kLinux2_6, kLinux4_2, kFreebsd}},
      {"SixtyFourPortsSomeReserved",
       layout_of(50000, 50063, some),
       50020,
       5000,
       {kLinux2_6, kLinux4_2, kFreebsd}},
      // The port before the last is reserved: the last one comes up, and the scan goes back to 50002, past 50000.
      {"OddRangeLastAfterAHole",
       layout_of(50000, 50004, {50002}),
       50004,
       5000,
       {kLinux2_6, kLinux4_2, kFreebsd}},
      {"OddRangeLowestWithAHole", layout_of(50000, 50004, {50002}), 50000, 5000, {kLinux2_6}},
      {"OddRangeOfMorePorts",
       layout_of(50000, 50032, {50004, 50028, 50030}),
       50032,
       5000,
       {kLinux2_6, kLinux4_2, kFreebsd}},
      // A trial costs 0.1 s here, so there are few. The distributions of linux-5.18 and linux-4.2 differ by 0.32 at most: 180
      // trials of the one miss the other's rejection once in 100,000 times.
      {"DefaultRange", PortLayout{}, 50000, 180, {kLinux4_2}, 16'000}};
}

INSTANTIATE_TEST_SUITE_P(Ranges, RangeTest, ::testing::ValuesIn(possible()),
                         [](const auto& situation) { return std::string(situation.param.name); });

// The finest difference: a fresh start at every attempt, which is what a client sees that dials less often than each ten
// seconds.
TEST_F(AllocatorTest, IsToldFromAChoiceAtRandom) {
  const PortLayout layout = layout_of(50000, 50063);
  ASSERT_NO_FATAL_FAILURE(set_ports(layout));
  const auto measured = measure(world(), 50020, 14'000);
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_LT(same_distribution_p(*measured, simulated(layout, 50020, 1)), kLevel);
}

class ParityTest : public RangeTest {};

TEST_P(ParityTest, IsNeverGivenThePortOfTheOtherParity) {
  const Situation& asked = GetParam();
  ASSERT_NO_FATAL_FAILURE(set_ports(asked.layout));
  const auto measured = measure(world(), asked.port, asked.trials, 1);
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_THAT(*measured, ::testing::Each(2));
}

// One of the 28,232 ports would come up 3 times in 100,000 attempts, and not once with probability 3 %: the small
// ranges are what makes a wrong model show.
std::vector<Situation> impossible() {
  return {{"TwoPorts", layout_of(50000, 50001), 50001, 1000, {}},
          {"SixteenPorts", layout_of(50000, 50015), 50007, 5000, {}},
          {"OddRangeLast", layout_of(50000, 50004), 50004, 5000, {}},
          {"SixtyFourPortsFromAnOddOne", layout_of(50001, 50064), 50020, 10'000, {}},
          {"DefaultRange", PortLayout{}, 50001, 100'000, {}}};
}

INSTANTIATE_TEST_SUITE_P(Ranges, ParityTest, ::testing::ValuesIn(impossible()),
                         [](const auto& situation) { return std::string(situation.param.name); });

}  // namespace
}  // namespace selfconnect
