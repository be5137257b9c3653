// The named behaviours, on both sides: the kernel still does what the case says, and the virtual network does it too.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "case_file.h"
#include "kernel_side.h"
#include "tests/capability.h"
#include "vnet_side.h"

namespace selfconnect::conformance {
namespace {

constexpr int kMostPlays = 3;  // a busy kernel defers a segment now and then

std::vector<std::string> names_of_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SELFCONNECT_CASES))
    names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

class CaseTest : public ::testing::TestWithParam<std::string> {
 protected:
  static void expect(Side& side) {
    const auto read = read_case(SELFCONNECT_CASES "/" + GetParam() + ".case");
    ASSERT_TRUE(read) << read.error().message;
    for (const Sequence& sequence : read->sequences) {
      Trace trace;
      for (int plays = 0; plays < kMostPlays && trace != read->expected; ++plays) {
        trace = without_addresses(side.play(sequence), sequence.flavour);
      }
      EXPECT_THAT(trace, ::testing::ElementsAreArray(read->expected))
          << side.name() << ": " << print(sequence);
    }
  }
};

TEST_P(CaseTest, IsWhatTheKernelDoes) {
  auto kernel = KernelSide::create();
  SELFCONNECT_NEEDS("netns", kernel ? "" : kernel.error().message);
  expect(*kernel);
}

TEST_P(CaseTest, IsWhatTheVirtualNetworkDoes) {
  VnetSide vnet;
  expect(vnet);
}

INSTANTIATE_TEST_SUITE_P(Cases, CaseTest, ::testing::ValuesIn(names_of_cases()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace selfconnect::conformance
