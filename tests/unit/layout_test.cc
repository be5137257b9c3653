// SPDX-License-Identifier: MIT
#include "harness/ports/layout.h"

#include <gtest/gtest.h>

#include <vector>

namespace selfconnect {
namespace {

// The kernel's scan as facts: all candidates of one pass, in order of pass (start point left open).
struct Passes {
  std::vector<int> first, second;
};

Passes passes(const PortLayout& layout, Allocator allocator) {
  Passes result;
  const int length = (layout.high + 1 - layout.low) & ~1;  // rounded down, as the kernel does
  for (int port = layout.low; port < layout.low + length; ++port) {
    if (layout.reserved.contains(static_cast<std::uint16_t>(port))) continue;
    const bool low_parity = (port - layout.low) % 2 == 0;
    const bool first = low_parity == (allocator == Allocator::kConnect);
    (first ? result.first : result.second).push_back(port);
  }
  return result;
}

class ForcingLayoutTest : public testing::TestWithParam<Allocator> {};

TEST_P(ForcingLayoutTest, TriesEveryPortFirstAndAlone) {
  for (int port = 1; port <= 65535; ++port) {
    const PortLayout layout = forcing_layout(static_cast<std::uint16_t>(port), GetParam());
    const Passes order = passes(layout, GetParam());
    ASSERT_GE(layout.low, 1) << port;
    ASSERT_GT(layout.high, layout.low) << port;
    const bool edge = GetParam() == Allocator::kConnect ? port == 65535 : port == 1;
    if (edge) {
      ASSERT_TRUE(order.first.empty()) << port;
      ASSERT_EQ(order.second, std::vector{port}) << port;
    } else {
      ASSERT_EQ(order.first, std::vector{port}) << port;
      ASSERT_GE(order.second.size(), 30U) << port << ": too few ports for realistic refusals";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Allocators, ForcingLayoutTest,
                         testing::Values(Allocator::kConnect, Allocator::kBind));

TEST(PortLayoutTest, PrintsSysctlValues) {
  const PortLayout layout = forcing_layout(50000, Allocator::kConnect);
  EXPECT_EQ(layout.range_text(), "50000 50063");
  EXPECT_TRUE(layout.reserved_text().starts_with("50002,50004,"));
  EXPECT_TRUE(layout.reserved_text().ends_with(",50062"));
  EXPECT_EQ(open_layout({80}).range_text(), "32768 60999");
  EXPECT_EQ(open_layout({80, 443}).reserved_text(), "80,443");
  EXPECT_EQ(open_layout({}).reserved_text(), "");
}

TEST(AllocatorTest, IsToldByParityOfTheSourcePort) {
  EXPECT_EQ(allocator_of(40000), Allocator::kConnect);
  EXPECT_EQ(allocator_of(40001), Allocator::kBind);
}

}  // namespace
}  // namespace selfconnect
