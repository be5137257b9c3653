// SPDX-License-Identifier: MIT
#include "harness/trace/packet_store.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/trace/pcap_writer.h"
#include "packets.h"

namespace selfconnect {
namespace {

using testing::endpoint;
using testing::packet_bytes;
using Conversation = PacketStore::Conversation;

const Endpoint kServer = endpoint("127.0.0.1:50000");

// Adds packets whose text tells their number, one nanosecond after another.
class PacketStoreTest : public ::testing::Test {
 protected:
  void add(Conversation conversation, std::size_t size = 100) {
    const std::string bytes = std::to_string(++count_) + std::string(size, '.');
    store_.add({.at = {},
                .stamp = {.tv_sec = 1, .tv_nsec = count_},
                .bytes = bytes,
                .original_length = bytes.size() + 7},
               conversation);
  }
  [[nodiscard]] std::vector<int> numbers() const {
    std::vector<int> all;
    for (const CapturedPacket& packet : store_.packets()) all.push_back(std::stoi(std::string(packet.bytes)));
    return all;
  }

  PacketStore store_{{.first = 4096, .last = 300'000, .self_connections = 4096}};
  int count_ = 0;
};

TEST_F(PacketStoreTest, KeepsAllWhileThereIsRoom) {
  add(Conversation::kOther);
  add(Conversation::kSelfConnection);
  EXPECT_EQ(numbers(), (std::vector<int>{1, 2}));
  EXPECT_EQ(store_.left_out(), 0U);
  EXPECT_EQ(store_.packets()[0].original_length, 108U);
  EXPECT_EQ(store_.packets()[1].stamp.tv_nsec, 2);
}

TEST_F(PacketStoreTest, KeepsFirstAndLastAndSaysHowManyWereLeftOut) {
  for (int i = 0; i < 20'000; ++i) add(Conversation::kOther);
  const auto kept = numbers();
  EXPECT_EQ(kept.front(), 1);
  EXPECT_EQ(kept.back(), 20'000);
  EXPECT_TRUE(std::ranges::is_sorted(kept));
  EXPECT_EQ(kept.size() + store_.left_out(), 20'000U);
  EXPECT_GT(store_.left_out(), 10'000U);
  EXPECT_LT(store_.memory(), 4096U + 300'000U + 3U * 131'072U);
}

TEST_F(PacketStoreTest, KeepsSelfConnectionsInBetween) {
  for (int i = 0; i < 20'000; ++i) {
    add(i % 1000 == 500 ? Conversation::kSelfConnection : Conversation::kOther);
  }
  const auto kept = numbers();
  for (int i = 501; i < 20'000; i += 1000) {
    EXPECT_TRUE(std::ranges::binary_search(kept, i)) << i;
  }
  EXPECT_EQ(kept.size() + store_.left_out(), 20'000U);
}

TEST_F(PacketStoreTest, BoundsSelfConnectionsInBetween) {
  for (int i = 0; i < 20'000; ++i) add(Conversation::kSelfConnection);
  EXPECT_EQ(numbers().size() + store_.left_out(), 20'000U);
  EXPECT_LT(store_.memory(), 4096U + 300'000U + 4U * 131'072U);
}

TEST_F(PacketStoreTest, KeepsTheOrderAlsoOfSelfConnectionsInBetween) {
  for (int i = 0; i < 20'000; ++i) add(i % 100 == 0 ? Conversation::kSelfConnection : Conversation::kOther);
  EXPECT_GT(store_.left_out(), 0U);
  EXPECT_TRUE(std::ranges::is_sorted(numbers()));
}

struct ReadBack {
  timespec stamp{};
  std::string bytes;
  std::size_t original_length = 0;
};

class PcapWriterTest : public ::testing::Test {
 protected:
  PcapWriterTest() : file_(std::filesystem::path(::testing::TempDir()) / name()) {}
  ~PcapWriterTest() override { std::filesystem::remove(file_); }

  static std::string name() {
    return std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
           std::to_string(getpid()) + ".pcap";
  }
  void add(const std::string& payload, std::uint32_t sequence) {
    const std::string bytes =
        packet_bytes({.source = kServer, .destination = kServer, .sequence = sequence, .payload = payload});
    store_.add({.stamp = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789},
                .bytes = bytes,
                .original_length = bytes.size()},
               Conversation::kSelfConnection);
  }
  [[nodiscard]] std::vector<ReadBack> read_back() const {
    std::string error(PCAP_ERRBUF_SIZE, '\0');
    pcap_t* pcap =
        pcap_open_offline_with_tstamp_precision(file_.c_str(), PCAP_TSTAMP_PRECISION_NANO, error.data());
    EXPECT_NE(pcap, nullptr) << error;
    if (pcap == nullptr) return {};
    EXPECT_EQ(pcap_datalink(pcap), DLT_RAW);
    std::vector<ReadBack> all;
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
      all.push_back({{header->ts.tv_sec, header->ts.tv_usec},
                     std::string(reinterpret_cast<const char*>(bytes), header->caplen),
                     header->len});
    }
    pcap_close(pcap);
    return all;
  }

  std::filesystem::path file_;
  PacketStore store_;
  SecretRanges ranges_;
};

TEST_F(PcapWriterTest, WritesWhatLibpcapReads) {
  add("PING\r\n", 1);
  ASSERT_TRUE(write_pcap(file_, store_, ranges_, {}));
  const auto all = read_back();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].stamp.tv_sec, 1'700'000'000);
  EXPECT_EQ(all[0].stamp.tv_nsec, 123'456'789);
  EXPECT_EQ(all[0].bytes, std::string(store_.packets()[0].bytes));
  EXPECT_EQ(all[0].original_length, all[0].bytes.size());
}

TEST_F(PcapWriterTest, BlacksSecretsOut) {
  const std::vector<std::string> secrets = {"hunter22"};
  add("AUTH hunter22", 1);
  add("AUTH hun", 14);
  add("ter22", 22);
  ranges_.add(kServer, kServer, 19, 8, SecretRanges::Seen::kAcrossPackets);
  ASSERT_TRUE(write_pcap(file_, store_, ranges_, SecretPatterns(secrets)));
  const auto all = read_back();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].bytes.substr(40), "AUTH ********");
  EXPECT_EQ(all[1].bytes.substr(40), "AUTH ***");
  EXPECT_EQ(all[2].bytes.substr(40), "*****");
}

TEST_F(PcapWriterTest, SaysThatTheDiskIsFull) {
  add("x", 1);
  const auto written = write_pcap("/dev/full", store_, ranges_, {});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ENOSPC);
}

TEST_F(PcapWriterTest, SaysWhichFileCannotBeOpened) {
  const auto written = write_pcap("/nonexistent/packets.pcap", store_, ranges_, {});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ENOENT);
  EXPECT_NE(written.error().message.find("/nonexistent/packets.pcap"), std::string::npos);
}

}  // namespace
}  // namespace selfconnect
