// SPDX-License-Identifier: MIT
#include "call.h"

#include <gtest/gtest.h>

#include "generate.h"

namespace selfconnect::conformance {
namespace {

TEST(CallTest, IsReadAsItIsPrinted) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    const Sequence sequence = generate(seed, static_cast<Flavour>(seed % 3));
    const auto read = parse(print(sequence));
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read, sequence) << print(sequence);
  }
}

TEST(CallTest, NamesTheWordThatIsNotUnderstood) {
  EXPECT_EQ(parse("4: socket s0 soft").error(), "'soft' is not operand 2 of socket");
  EXPECT_EQ(parse("4: sockets s0 block").error(), "'sockets' is not a call");
  EXPECT_EQ(parse("4: close s0 s1").error(), "'s1' is not an operand of close");
  EXPECT_EQ(parse("5: close s0").error(), "'5' is not 4, 6 or mapped");
}

TEST(GenerateTest, GivesTheSameForTheSameSeed) {
  EXPECT_EQ(generate(7, Flavour::kIpv4), generate(7, Flavour::kIpv4));
  EXPECT_NE(generate(7, Flavour::kIpv4).calls, generate(8, Flavour::kIpv4).calls);
}

TEST(GenerateTest, DrawsEveryKindOfCall) {
  std::array<int, kKinds> drawn{};
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    for (const Call& call : generate(seed, Flavour::kMapped).calls)
      ++drawn[static_cast<std::size_t>(call.kind)];
  }
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    EXPECT_GT(drawn[kind], 50) << shape_of(static_cast<Kind>(kind)).name;
}

}  // namespace
}  // namespace selfconnect::conformance
