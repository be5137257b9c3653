// SPDX-License-Identifier: MIT
#include "harness/world/port_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

namespace selfconnect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Endpoint endpoint(std::string_view text) { return Endpoint::parse(text).value(); }

TEST(PortFactsTest, ReadsTheEphemeralRange) {
  EXPECT_EQ(parse_port_range("32768\t60999\n"), (PortRange{32768, 60999}));
  for (const char* text : {"", "1", "1 2 3", "2 1", "x 5", "1 70000"})
    EXPECT_FALSE(parse_port_range(text)) << text;
}

TEST(PortFactsTest, ReadsReservedPorts) {
  EXPECT_EQ(parse_port_list("8080,9000-9010\n"), (std::vector<PortRange>{{8080, 8080}, {9000, 9010}}));
  EXPECT_EQ(parse_port_list("\n"), std::vector<PortRange>{});
  for (const char* text : {"x", "5-", "-5", "9-8", "1-2-3", "65536"})
    EXPECT_FALSE(parse_port_list(text)) << text;
}

TEST(PortFactsTest, WritesPortsAsTheKernelReadsThem) {
  EXPECT_EQ(port_list_text(std::vector<PortRange>{{8080, 8080}, {9000, 9010}}), "8080,9000-9010");
  EXPECT_EQ(port_list_text({}), "");
}

// As little-endian machines print it.
TEST(PortFactsTest, FindsListenersOfBothFamilies) {
  if constexpr (std::endian::native != std::endian::little)
    GTEST_SKIP() << "the table is a little-endian one";
  EXPECT_THAT(
      parse_listeners("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
                      "   0: 0100007F:C350 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
                      "   1: 0100007F:C351 0100007F:C351 01 00000000:00000000 00:00000000 00000000     0\n"
                      "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"),
      ElementsAre(endpoint("127.0.0.1:50000"), endpoint("0.0.0.0:22")));
  EXPECT_THAT(parse_listeners("  0: 00000000000000000000000001000000:1F90 "
                              "00000000000000000000000000000000:0000 0A 0 0\n"),
              ElementsAre(endpoint("[::1]:8080")));
}

TEST(PortFactsTest, LeavesOutLinesOfAnotherForm) {
  EXPECT_THAT(parse_listeners(""), IsEmpty());
  EXPECT_THAT(parse_listeners("0: zz:zz 0:0 0A\n0: 0100007F 0:0 0A\n0: 01:0016 0:0 0A\n0A\n"), IsEmpty());
}

TEST(PortFactsTest, FindsListenersThatAClientMayBeGiven) {
  const std::vector listeners = {endpoint("0.0.0.0:60999"),   endpoint("[::]:60999"),
                                 endpoint("0.0.0.0:61000"),   endpoint("0.0.0.0:32767"),
                                 endpoint("127.0.0.1:32768"), endpoint("0.0.0.0:50005")};
  const std::vector<PortRange> reserved = {{50000, 50010}};
  EXPECT_THAT(listeners_at_risk(listeners, {32768, 60999}, reserved),
              ElementsAre(endpoint("127.0.0.1:32768"), endpoint("0.0.0.0:60999")));
}

TEST(PortFactsTest, AddsPortsToTheReservedOnes) {
  const std::vector<PortRange> reserved = {{50000, 50010}};
  const std::vector listeners = {endpoint("0.0.0.0:60999"), endpoint("0.0.0.0:50005"),
                                 endpoint("0.0.0.0:40000")};
  EXPECT_EQ(port_list_text(with_ports(reserved, listeners)), "40000,50000-50010,60999");
}

}  // namespace
}  // namespace selfconnect
