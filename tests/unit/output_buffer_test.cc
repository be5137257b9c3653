// SPDX-License-Identifier: MIT
#include "harness/launch/output_buffer.h"

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

TEST(OutputBufferTest, KeepsAllOfAShortStream) {
  OutputBuffer buffer(4, 4);
  buffer.append("ab");
  buffer.append("cdef");
  EXPECT_EQ(buffer.head(), "abcd");
  EXPECT_EQ(buffer.tail(), "ef");
  EXPECT_EQ(buffer.total(), 6U);
}

TEST(OutputBufferTest, KeepsTheEndsOfALongOne) {
  OutputBuffer buffer(4, 4);
  buffer.append("abcdefghijkl");
  EXPECT_EQ(buffer.head(), "abcd");
  EXPECT_EQ(buffer.tail(), "ijkl");
  EXPECT_EQ(buffer.total(), 12U);
}

// However it is cut into pieces.
TEST(OutputBufferTest, DoesNotDependOnThePieces) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += static_cast<char>('a' + i % 26);
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    OutputBuffer buffer(10, 7);
    for (std::size_t at = 0; at < text.size(); at += piece) buffer.append(text.substr(at, piece));
    ASSERT_EQ(buffer.head(), text.substr(0, 10)) << piece;
    ASSERT_EQ(buffer.tail(), text.substr(text.size() - 7)) << piece;
    ASSERT_EQ(buffer.total(), text.size()) << piece;
  }
}

TEST(OutputBufferTest, IsEmptyAtFirst) {
  const OutputBuffer buffer;
  EXPECT_EQ(buffer.head() + buffer.tail(), "");
  EXPECT_EQ(buffer.total(), 0U);
}

}  // namespace
}  // namespace selfconnect
