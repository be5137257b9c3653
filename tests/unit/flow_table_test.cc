// SPDX-License-Identifier: MIT
#include "harness/trace/flow_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "packets.h"

namespace selfconnect {
namespace {

using testing::endpoint;

const Endpoint kClient = endpoint("127.0.0.1:40000");
const Endpoint kServer = endpoint("127.0.0.1:50000");
const Endpoint kSelf6 = endpoint("[::1]:50000");

// Plays a conversation into a table, one nanosecond a packet.
class FlowTableTest : public ::testing::Test {
 protected:
  void send(const Endpoint& from, const Endpoint& to, int flags, std::uint32_t sequence,
            std::string_view payload = {}) {
    table_.add({.source = from,
                .destination = to,
                .sequence = sequence,
                .flags = static_cast<std::uint8_t>(flags),
                .payload = payload,
                .payload_length = static_cast<std::uint32_t>(payload.size())},
               Instant(++now_));
  }
  void connect_to_itself(const Endpoint& self, std::uint32_t isn) {
    send(self, self, kTcpSyn, isn);
    send(self, self, kTcpSyn | kTcpAck, isn);
    send(self, self, kTcpAck, isn + 1);
  }
  void connect_to_server(std::uint32_t client_isn, std::uint32_t server_isn) {
    send(kClient, kServer, kTcpSyn, client_isn);
    send(kServer, kClient, kTcpSyn | kTcpAck, server_isn);
    send(kClient, kServer, kTcpAck, client_isn + 1);
  }
  Attempt only_attempt() const {
    const auto log = table_.log();
    EXPECT_EQ(log.kept.size(), 1U);
    return log.kept.at(0);
  }

  FlowTable table_;
  int now_ = 0;
};

TEST_F(FlowTableTest, TakesResetForARefusal) {
  send(kClient, kServer, kTcpSyn, 100);
  EXPECT_EQ(only_attempt().outcome, Outcome::kPending);
  send(kServer, kClient, kTcpRst | kTcpAck, 0);
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.outcome, Outcome::kRefused);
  EXPECT_EQ(attempt.at, Instant(1));
  EXPECT_EQ(attempt.decided_at, Instant(2));
  EXPECT_EQ(attempt.source, kClient);
  EXPECT_EQ(attempt.destination, kServer);
  EXPECT_EQ(attempt.ending, Ending::kOpen);
  EXPECT_EQ(table_.refused(), 1U);
}

TEST_F(FlowTableTest, TakesSynAckOfAnotherSocketForAcceptance) {
  connect_to_server(100, 900);
  EXPECT_EQ(only_attempt().outcome, Outcome::kAccepted);
  EXPECT_EQ(table_.accepted(), 1U);
  EXPECT_EQ(table_.self_connected(), 0U);
  EXPECT_FALSE(table_.newest_self_connection());
}

TEST_F(FlowTableTest, TakesSimultaneousOpenWithItselfForSelfConnection) {
  connect_to_itself(kServer, 100);
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.outcome, Outcome::kSelfConnected);
  EXPECT_EQ(attempt.decided_at, Instant(2));
  EXPECT_EQ(table_.self_connected(), 1U);
  ASSERT_TRUE(table_.newest_self_connection());
  EXPECT_TRUE(table_.newest_self_connection()->open());
  EXPECT_EQ(table_.newest_self_connection()->endpoint, kServer);
  EXPECT_EQ(table_.open_self_connections(), 1U);
}

TEST_F(FlowTableTest, DoesNotCountRetransmittedSyns) {
  send(kClient, kServer, kTcpSyn, 100);
  send(kClient, kServer, kTcpSyn, 100);
  EXPECT_EQ(table_.total(), 1U);
}

TEST_F(FlowTableTest, CountsTheNextSynOfTheSameEndpoints) {
  send(kClient, kServer, kTcpSyn, 100);
  send(kServer, kClient, kTcpRst | kTcpAck, 0);
  send(kClient, kServer, kTcpSyn, 100);  // the same number again, but the first one was answered
  send(kServer, kClient, kTcpRst | kTcpAck, 0);
  send(kClient, kServer, kTcpSyn, 200);
  send(kClient, kServer, kTcpSyn, 300);
  EXPECT_EQ(table_.total(), 4U);
  EXPECT_EQ(table_.log().kept.back().number, 4U);
  EXPECT_EQ(table_.refused(), 2U);
}

TEST_F(FlowTableTest, CountsWhatASelfConnectionSendsOnce) {
  connect_to_itself(kSelf6, 0xfffffffe);  // the sequence numbers wrap around in the payload
  send(kSelf6, kSelf6, kTcpAck, 0xffffffff, "PING\r\n");
  send(kSelf6, kSelf6, kTcpAck, 0xffffffff, "PING\r\n");      // again
  send(kSelf6, kSelf6, kTcpAck, 0xffffffff, "PING\r\nmore");  // again, with more
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.sent, 10U);
  EXPECT_EQ(attempt.received, 0U);
  EXPECT_EQ(attempt.sent_head, "PING\r\nmore");
  EXPECT_EQ(attempt.first_sent_at, Instant(4));
  EXPECT_EQ(table_.newest_self_connection()->sent, 10U);
}

TEST_F(FlowTableTest, KeepsSidesOfAnAcceptedConnectionApart) {
  connect_to_server(100, 900);
  EXPECT_EQ(table_.find_destination(kServer)->accepted_sent, 0U);
  send(kServer, kClient, kTcpAck, 901, "220 hello");
  EXPECT_EQ(table_.find_destination(kServer)->accepted_received, 1U);
  EXPECT_EQ(table_.find_destination(kServer)->accepted_sent, 0U);
  send(kClient, kServer, kTcpAck, 101, "QUIT");
  send(kClient, kServer, kTcpAck, 105, "!");
  EXPECT_EQ(table_.find_destination(kServer)->accepted_sent, 1U);
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.sent_head, "QUIT!");
  EXPECT_EQ(attempt.received_head, "220 hello");
  EXPECT_EQ(attempt.received, 9U);
}

TEST_F(FlowTableTest, CountsBytesTheCaptureMissed) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "ab");
  send(kServer, kServer, kTcpAck, 1103, "yz");  // 1000 bytes in between were not captured
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.sent, 1004U);
  EXPECT_EQ(attempt.sent_head, "ab");
}

TEST_F(FlowTableTest, IgnoresARetransmissionOfOldBytes) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "first");
  send(kServer, kServer, kTcpAck, 106, "second");
  send(kServer, kServer, kTcpAck, 101, "first");
  EXPECT_EQ(only_attempt().sent, 11U);
  send(kServer, kServer, kTcpAck, 112, "third");
  EXPECT_EQ(only_attempt().sent, 16U);
  EXPECT_EQ(only_attempt().sent_head, "firstsecondthird");
}

TEST_F(FlowTableTest, KeepsOnlyTheHeadOfThePayload) {
  connect_to_itself(kServer, 100);
  const std::string half(kPayloadHead - 1, 'x');
  send(kServer, kServer, kTcpAck, 101, half);
  send(kServer, kServer, kTcpAck, 101 + static_cast<std::uint32_t>(half.size()), "yz");
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.sent_head, half + "y");
  EXPECT_EQ(attempt.sent, kPayloadHead + 1);
}

TEST_F(FlowTableTest, TakesTheFirstFinForTheEnd) {
  connect_to_server(100, 900);
  send(kServer, kClient, kTcpFin | kTcpAck, 901);
  send(kClient, kServer, kTcpAck, 101, "late");
  send(kClient, kServer, kTcpRst, 105);
  const Attempt attempt = only_attempt();
  EXPECT_EQ(attempt.ending, Ending::kFin);
  EXPECT_EQ(attempt.ended_by, Side::kPeer);
  EXPECT_EQ(attempt.ended_at, Instant(4));
  EXPECT_EQ(attempt.sent, 4U);
}

TEST_F(FlowTableTest, SeesASelfConnectionEndByFin) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpFin | kTcpAck, 101);
  send(kServer, kServer, kTcpAck, 102);
  EXPECT_EQ(only_attempt().ending, Ending::kFin);
  EXPECT_EQ(only_attempt().ended_by, Side::kTarget);
  EXPECT_FALSE(table_.newest_self_connection()->open());
  EXPECT_EQ(table_.newest_self_connection()->ended_at, Instant(4));
  EXPECT_EQ(table_.open_self_connections(), 0U);
}

TEST_F(FlowTableTest, SeesASelfConnectionEndByReset) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "data");
  send(kServer, kServer, kTcpRst | kTcpAck, 105);
  EXPECT_EQ(only_attempt().ending, Ending::kReset);
  EXPECT_EQ(table_.open_self_connections(), 0U);
}

TEST_F(FlowTableTest, StartsAnewWithTheNextSelfConnection) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpRst | kTcpAck, 101);
  connect_to_itself(kServer, 5000);
  send(kServer, kServer, kTcpAck, 5001, "two");
  const auto log = table_.log();
  ASSERT_EQ(log.kept.size(), 2U);
  EXPECT_EQ(log.kept[0].sent, 0U);
  EXPECT_EQ(log.kept[1].sent, 3U);
  EXPECT_EQ(log.self_connected, 2U);
  EXPECT_EQ(table_.newest_self_connection()->number, 2U);
  EXPECT_TRUE(table_.newest_self_connection()->open());
}

TEST_F(FlowTableTest, CountsOpenSelfConnectionsThoughAnEndWasMissed) {
  connect_to_itself(kServer, 100);
  connect_to_itself(kServer, 5000);
  EXPECT_EQ(table_.self_connected(), 2U);
  EXPECT_EQ(table_.open_self_connections(), 1U);
}

TEST_F(FlowTableTest, LeavesAnAttemptPendingThatTheTargetGaveUp) {
  send(kClient, kServer, kTcpSyn, 100);
  send(kClient, kServer, kTcpRst, 101);
  EXPECT_EQ(only_attempt().outcome, Outcome::kPending);
  EXPECT_EQ(only_attempt().ending, Ending::kReset);
}

TEST_F(FlowTableTest, IgnoresConnectionsWhoseSynWasNotSeen) {
  send(kClient, kServer, kTcpAck, 101, "data");
  send(kServer, kClient, kTcpSyn | kTcpAck, 900);
  send(kServer, kServer, kTcpFin | kTcpAck, 900);
  EXPECT_EQ(table_.total(), 0U);
}

TEST_F(FlowTableTest, CountsOnlyWhileItRecords) {
  now_ = -3;
  send(kClient, kServer, kTcpSyn, 100);  // before the phase began
  send(kServer, kClient, kTcpSyn | kTcpAck, 900);
  EXPECT_EQ(table_.total(), 0U);
  table_.stop_counting_at(Instant(10));
  now_ = 8;
  send(kClient, kServer, kTcpSyn, 200);
  send(kServer, kClient, kTcpSyn | kTcpAck, 900);  // at 10, of an attempt that counts
  send(kServer, kServer, kTcpSyn, 300);            // at 11
  EXPECT_EQ(table_.total(), 1U);
  EXPECT_EQ(table_.accepted(), 1U);
}

TEST_F(FlowTableTest, DropsTheOldestOpenFlowWhenFull) {
  for (std::uint32_t i = 0; i <= FlowTable::kMaxOpen; ++i) {
    const Endpoint source{Address::v4({127, 0, static_cast<std::uint8_t>(i / 60000), 1}),
                          static_cast<std::uint16_t>(1 + i % 60000)};
    send(source, kServer, kTcpSyn, i);
  }
  EXPECT_EQ(table_.total(), FlowTable::kMaxOpen + 1);
  send(kServer, endpoint("127.0.0.1:1"), kTcpRst | kTcpAck, 0);  // no longer followed
  EXPECT_EQ(table_.refused(), 0U);
  send(kServer, endpoint("127.0.0.1:2"), kTcpRst | kTcpAck, 0);
  EXPECT_EQ(table_.refused(), 1U);
}

TEST_F(FlowTableTest, ListsDestinationsInOrderOfFirstAttempt) {
  send(kClient, kServer, kTcpSyn, 1);
  send(endpoint("[::1]:40000"), kSelf6, kTcpSyn, 1);
  send(endpoint("127.0.0.1:40002"), kServer, kTcpSyn, 1);
  ASSERT_EQ(table_.destinations().size(), 2U);
  EXPECT_EQ(table_.destinations()[0].destination, kServer);
  EXPECT_EQ(table_.destinations()[0].attempts, 2U);
  EXPECT_EQ(table_.destinations()[1].destination, kSelf6);
  EXPECT_EQ(table_.find_destination(endpoint("127.0.0.1:1")), nullptr);
}

TEST_F(FlowTableTest, CountsPayloadOfFastOpen) {
  send(kClient, kServer, kTcpSyn, 100, "early");
  send(kServer, kClient, kTcpSyn | kTcpAck, 900);
  send(kClient, kServer, kTcpAck, 101, "early");
  EXPECT_EQ(only_attempt().sent_head, "early");
  EXPECT_EQ(only_attempt().sent, 5U);
  EXPECT_EQ(table_.find_destination(kServer)->accepted_sent, 1U);
}

class FlowTableSecretTest : public FlowTableTest {
 protected:
  FlowTableSecretTest() {
    const std::vector<std::string> secrets = {"unused", "hunter22"};
    table_ = FlowTable(secrets);
  }
};

TEST_F(FlowTableSecretTest, SeesASecretAcrossPackets) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "AUTH hun");
  send(kServer, kServer, kTcpAck, 109, "ter22\r\n");
  const Attempt attempt = only_attempt();
  ASSERT_EQ(attempt.secrets.size(), 1U);
  EXPECT_EQ(attempt.secrets[0], (SecretSighting{.secret = 1, .encoding = "plain", .stream_offset = 5}));
  EXPECT_EQ(attempt.sent_head, "AUTH ********\r\n");
}

TEST_F(FlowTableSecretTest, SeesASecretAsBase64) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "Basic dXNlcjpodW50ZXIyMg==\r\n");  // user:hunter22
  const Attempt attempt = only_attempt();
  ASSERT_EQ(attempt.secrets.size(), 1U);
  EXPECT_EQ(attempt.secrets[0].encoding, "base64");
  EXPECT_EQ(attempt.sent_head.substr(0, 12), "Basic dXNlcj");
  EXPECT_EQ(attempt.sent_head.find("odW50ZXIyMg"), std::string::npos);
}

TEST_F(FlowTableSecretTest, ListsSecretsOfSelfConnectionsOnlyButBlanksAll) {
  connect_to_server(100, 900);
  send(kClient, kServer, kTcpAck, 101, "hunter22");
  send(kServer, kClient, kTcpAck, 901, "you said hunter22");
  const Attempt attempt = only_attempt();
  EXPECT_TRUE(attempt.secrets.empty());
  EXPECT_EQ(attempt.sent_head, "********");
  EXPECT_EQ(attempt.received_head, "you said ********");
}

TEST_F(FlowTableSecretTest, SeesNoSecretAroundBytesTheCaptureMissed) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "hun");
  send(kServer, kServer, kTcpAck, 204, "ter22");
  send(kServer, kServer, kTcpAck, 209, "hunter22");
  const Attempt attempt = only_attempt();
  ASSERT_EQ(attempt.secrets.size(), 1U);
  EXPECT_EQ(attempt.secrets[0].stream_offset, 108U);
}

TEST_F(FlowTableSecretTest, BlanksAHeadThatEndsInASecret) {
  connect_to_itself(kServer, 100);
  const std::string filler(kPayloadHead - 3, 'x');
  send(kServer, kServer, kTcpAck, 101, filler + "hunt");
  send(kServer, kServer, kTcpAck, 101 + static_cast<std::uint32_t>(filler.size()) + 4, "er22");
  EXPECT_EQ(only_attempt().sent_head, filler + "***");
}

TEST_F(FlowTableSecretTest, BoundsTheListOfSightings) {
  connect_to_itself(kServer, 100);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "hunter22 ";
  send(kServer, kServer, kTcpAck, 101, many);
  EXPECT_EQ(only_attempt().secrets.size(), FlowTable::kMaxSightings);
}

TEST_F(FlowTableSecretTest, TellsWhereInThePacketsSecretsAre) {
  connect_to_itself(kServer, 100);
  send(kServer, kServer, kTcpAck, 101, "AUTH hun");
  send(kServer, kServer, kTcpAck, 109, "ter22\r\n");
  const auto redacted = [this](std::uint32_t sequence, const std::string& payload) {
    std::string bytes = testing::packet_bytes({.source = kServer,
                                               .destination = kServer,
                                               .flags = kTcpAck,
                                               .sequence = sequence,
                                               .payload = payload});
    table_.secret_ranges().redact(bytes, bytes.size(), table_.secret_patterns());
    return bytes.substr(40);
  };
  EXPECT_EQ(redacted(101, "AUTH hun"), "AUTH ***");
  EXPECT_EQ(redacted(109, "ter22\r\n"), "*****\r\n");
  EXPECT_EQ(redacted(107, "unter22\r\n"), "*******\r\n") << "a retransmission, cut otherwise";
  EXPECT_EQ(redacted(5000, "hunter22 whole"), "******** whole");
  EXPECT_EQ(redacted(5000, "nothing"), "nothing");
}

}  // namespace
}  // namespace selfconnect
