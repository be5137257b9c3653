// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "harness/world/left_sockets.h"

namespace selfconnect {
namespace {

TEST(SockstatTest, ReadsWhatTheKernelWrites) {
  const auto count = parse_sockstat(
      "sockets: used 12\nTCP: inuse 1 orphan 0 tw 34 alloc 1 mem 0\nUDP: inuse 5 mem 0\nUDPLITE: inuse 0\n");
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, (SocketCount{.sockets = 12, .time_wait = 34}));
}

TEST(SockstatTest, TakesNoOtherFormForIt) {
  for (const char* text : {"", "sockets: used 12\n", "TCP: inuse 1 orphan 0 tw 3\n",
                           "sockets: used \nTCP: tw 3\n", "sockets: used 1\nTCP: inuse 1\nUDP: tw 3\n"}) {
    EXPECT_FALSE(parse_sockstat(text)) << text;
  }
}

}  // namespace
}  // namespace selfconnect
