// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <vector>

#include "harness/trace/secret_finder.h"
#include "harness/trace/secret_ranges.h"
#include "packets.h"

namespace selfconnect {
namespace {

const std::vector<std::string> kSecrets = {"s3cret-word"};

// base64 of "u:s3cret-word", "us:s3cret-word", "user:s3cret-word!" and "s3cret-word", by base64(1).
const std::vector<std::string> kEncoded = {
    "dTpzM2NyZXQtd29yZA==", "dXM6czNjcmV0LXdvcmQ=", "dXNlcjpzM2NyZXQtd29yZCE=", "czNjcmV0LXdvcmQ="};

TEST(SecretFinderTest, FindsPlain) {
  const SecretPatterns patterns(kSecrets);
  SecretFinder finder(patterns);
  EXPECT_TRUE(finder.feed("AUTH ").empty());
  const auto matches = finder.feed("s3cret-word\r\ns3cret-word");
  ASSERT_EQ(matches.size(), 2U);
  EXPECT_EQ(matches[0], (SecretMatch{.offset = 5, .length = 11, .secret = 0}));
  EXPECT_EQ(matches[1].offset, 18U);
}

TEST(SecretFinderTest, FindsBase64AtEveryAlignment) {
  const SecretPatterns patterns(kSecrets);
  for (const std::string& text : kEncoded) {
    SecretFinder finder(patterns);
    const auto matches = finder.feed("Basic " + text);
    ASSERT_EQ(matches.size(), 1U) << text;
    EXPECT_EQ(matches[0].encoding, SecretEncoding::kBase64);
  }
}

TEST(SecretFinderTest, FindsAcrossEveryBorder) {
  const SecretPatterns patterns(kSecrets);
  for (const std::string& middle : {kSecrets[0], kEncoded[0], kEncoded[1], kEncoded[2]}) {
    const std::string text = "before " + middle + " after";
    const auto whole = SecretFinder(patterns).feed(text);
    ASSERT_EQ(whole.size(), 1U);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      SecretFinder finder(patterns);
      auto matches = finder.feed(text.substr(0, cut));
      for (const auto& match : finder.feed(text.substr(cut))) matches.push_back(match);
      EXPECT_EQ(matches, whole) << cut;
    }
    SecretFinder finder(patterns);
    std::vector<SecretMatch> matches;
    for (const char c : text) {
      for (const auto& match : finder.feed(std::string(1, c))) matches.push_back(match);
    }
    EXPECT_EQ(matches, whole);
  }
}

TEST(SecretFinderTest, DoesNotMatchAcrossAGap) {
  const SecretPatterns patterns(kSecrets);
  SecretFinder finder(patterns);
  EXPECT_TRUE(finder.feed("s3cret").empty());
  finder.skip(10);
  EXPECT_TRUE(finder.feed("-word").empty());
  const auto matches = finder.feed("s3cret-word");
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0].offset, 21U);
}

TEST(SecretFinderTest, LooksForShortSecretsInPlainOnly) {
  const std::vector<std::string> secrets = {"abcde", "", "abcdef"};
  const SecretPatterns patterns(secrets);
  EXPECT_EQ(patterns.patterns().size(), 1U + 4U);
  const auto matches = patterns.find("abcde");
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0].secret, 0U);
}

TEST(SecretFinderTest, FindsOverlappingOccurrences) {
  const std::vector<std::string> secrets = {"abab"};
  EXPECT_EQ(SecretPatterns(secrets).find("abababab").size(), 3U);
  std::string text = "xababab";
  black_out(text, secrets);
  EXPECT_EQ(text, "x******");
}

TEST(SecretFinderTest, FindsNothingWithoutSecrets) {
  const SecretPatterns patterns;
  SecretFinder finder(patterns);
  EXPECT_TRUE(finder.feed("anything").empty());
}

TEST(BlackOutTest, KeepsLengthAndNeighbours) {
  std::string text = "AUTH s3cret-word\r\n";
  black_out(text, kSecrets);
  EXPECT_EQ(text, "AUTH ***********\r\n");
}

TEST(BlackOutTest, CoversEveryCharacterThatHoldsBitsOfTheSecret) {
  std::string text = kEncoded[0];  // "u:" and the secret, then padding
  black_out(text, kSecrets);
  EXPECT_EQ(text, "dT****************==");
  text = kEncoded[3];
  black_out(text, kSecrets);
  EXPECT_EQ(text, "***************=");
}

TEST(BlackOutTest, JoinsHeadAndTail) {
  OutputText output{.head = "a s3cret", .tail = "-word b", .total = 15};
  black_out(output, SecretPatterns(kSecrets));
  EXPECT_EQ(output.head, "a ******");
  EXPECT_EQ(output.tail, "***** b");
}

TEST(BlackOutTest, CoversSecretsCutByTheMissingMiddle) {
  OutputText output{.head = "s3cret-word s3cre", .tail = "et-word s3cret-word", .total = 1000};
  black_out(output, SecretPatterns(kSecrets));
  EXPECT_EQ(output.head, "*********** *****");
  EXPECT_EQ(output.tail, "******* ***********");
}

std::string redacted(const SecretRanges& ranges, std::uint32_t sequence, const std::string& payload) {
  std::string bytes = testing::packet_bytes({.source = testing::endpoint("127.0.0.1:5"),
                                             .destination = testing::endpoint("127.0.0.1:6"),
                                             .sequence = sequence,
                                             .payload = payload});
  ranges.redact(bytes, bytes.size(), SecretPatterns(kSecrets));
  return bytes.substr(40);
}

TEST(SecretRangesTest, BlacksOutAcrossTheWrapOfSequenceNumbers) {
  SecretRanges ranges;
  ranges.add(testing::endpoint("127.0.0.1:5"), testing::endpoint("127.0.0.1:6"), 0xfffffffd, 5,
             SecretRanges::Seen::kAcrossPackets);
  EXPECT_EQ(redacted(ranges, 0xfffffffc, "abcdefgh"), "a*****gh");
  EXPECT_EQ(redacted(ranges, 0, "abc"), "**c");
  EXPECT_EQ(redacted(ranges, 2, "abc"), "abc");
  EXPECT_EQ(redacted(ranges, 0xfffffff0, "abc"), "abc");
}

TEST(SecretRangesTest, BlacksOutOneDirectionOnly) {
  SecretRanges ranges;
  ranges.add(testing::endpoint("127.0.0.1:6"), testing::endpoint("127.0.0.1:5"), 1, 5,
             SecretRanges::Seen::kAcrossPackets);
  EXPECT_EQ(redacted(ranges, 1, "abc"), "abc");
}

TEST(SecretRangesTest, BlacksOutAllPayloadWhenItLostCount) {
  SecretRanges ranges;
  for (std::uint32_t i = 0; i < SecretRanges::kLimit; ++i) {
    ranges.add(testing::endpoint("127.0.0.1:6"), testing::endpoint("127.0.0.1:5"), i * 100, 5,
               SecretRanges::Seen::kAcrossPackets);
  }
  EXPECT_EQ(redacted(ranges, 1, "abc"), "abc");
  ranges.add(testing::endpoint("127.0.0.1:6"), testing::endpoint("127.0.0.1:5"), 1, 5,
             SecretRanges::Seen::kWhole);
  EXPECT_EQ(redacted(ranges, 1, "abc"), "abc");
  ranges.add(testing::endpoint("127.0.0.1:6"), testing::endpoint("127.0.0.1:5"), 1, 5,
             SecretRanges::Seen::kAcrossPackets);
  EXPECT_EQ(redacted(ranges, 1, "abc"), "***");
}

}  // namespace
}  // namespace selfconnect
