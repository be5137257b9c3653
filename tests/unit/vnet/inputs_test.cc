// Inputs of fuzz targets on the virtual network: what any bytes mean, and how new ones are made of them.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "fuzz/vnet/session/decode.h"
#include "fuzz/vnet/session/mutate.h"

namespace selfconnect::vnet {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMost = 8;

TEST(VnetDecodeTest, TextIsWhatItSays) {
  EXPECT_EQ(print(decode("refuse*3 self\nreset serve", kMost).schedule), "refuse*3 self reset serve");
  // Whoever writes it may want more attempts than a fuzzer makes up.
  EXPECT_EQ(print(decode("refuse*100 serve", kMost).schedule), "refuse*100 serve");
  EXPECT_TRUE(decode("refuse serve", kMost).is_text);
  EXPECT_FALSE(decode("refuse", kMost).is_text);
}

TEST(VnetDecodeTest, BytesAreEvents) {
  using namespace std::string_view_literals;
  EXPECT_EQ(print(decode("\x01\x00\x00\x06\x04"sv, kMost).schedule), "self refuse*2 garbage:5 serve");
  EXPECT_EQ(print(decode("\x0b\x24-ERR\r\x03\x04\x00"sv, kMost).schedule),
            "script[say:\"-ERR\\r\" read:5 close] serve");
}

TEST(VnetDecodeTest, AnyBytesAreAScheduleWithinTheLimits) {
  constexpr std::uint64_t kSeed = 7;
  RandomSource random(kSeed);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random.below(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    const Schedule schedule = decode(bytes, kMost).schedule;
    ASSERT_LE(length(schedule), kMost) << bytes;
    ASSERT_EQ(parse_schedule(print(schedule)), schedule) << print(schedule);
    ASSERT_EQ(decode(bytes, kMost).schedule, schedule);
  }
}

std::size_t say_magic(std::uint8_t* bytes, std::size_t /*size*/, std::size_t room) {
  constexpr std::string_view kMagic = "*1448888887\r\n";
  std::memcpy(bytes, kMagic.data(), std::min(room, kMagic.size()));
  return std::min(room, kMagic.size());
}

TEST(VnetMutateTest, BytesThatPeersSayAreTheEngines) {
  int said = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    RandomSource random(seed);
    const std::string text = print(mutated({}, random, kMost, say_magic));
    if (text.find(R"(say:"*1448888887\r\n")") != std::string::npos) ++said;
  }
  EXPECT_GT(said, 20);
}

TEST(VnetMutateTest, MutantsAreShortButForFew) {
  Schedule schedule;
  int mutants_with_many = 0;
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    RandomSource random(seed);
    schedule = mutated(schedule, random, kMost, seed % 2 == 0 ? say_magic : nullptr);
    ASSERT_EQ(parse_schedule(print(schedule)), schedule) << "seed " << seed;
    if (length(schedule) > kMost) ++mutants_with_many;
  }
  EXPECT_GT(mutants_with_many, 0);
  EXPECT_LT(mutants_with_many, 100);
}

TEST(VnetMutateTest, ASeedIsAMutant) {
  RandomSource one(3), other(3);
  EXPECT_EQ(mutated({}, one, kMost, nullptr), mutated({}, other, kMost, nullptr));
}

}  // namespace
}  // namespace selfconnect::vnet
