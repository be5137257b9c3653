// SPDX-License-Identifier: MIT
#include "packets.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pcap/pcap.h>

#include <array>
#include <cstring>
#include <memory>

namespace selfconnect::testing {

std::vector<int> self_connection(const std::string& path, int version, std::uint16_t port) {
  std::array<char, PCAP_ERRBUF_SIZE> message{};
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(pcap_open_offline(path.c_str(), message.data()),
                                                            pcap_close);
  if (!file) {
    ADD_FAILURE() << message.data();
    return {};
  }
  EXPECT_EQ(pcap_datalink(file.get()), DLT_RAW);
  std::vector<int> flags;
  pcap_pkthdr* header = nullptr;
  const u_char* packet = nullptr;
  while (pcap_next_ex(file.get(), &header, &packet) == 1) {
    const std::size_t length = version == 4 ? std::size_t{4} * (packet[0] & 0x0fU) : 40;
    tcphdr tcp{};
    if (packet[0] >> 4 != version || header->caplen < length + sizeof(tcp)) continue;
    std::memcpy(&tcp, packet + length, sizeof(tcp));
    EXPECT_GT(header->ts.tv_sec, 0);
    if (tcp.th_sport == tcp.th_dport && ntohs(tcp.th_dport) == port) flags.push_back(tcp.th_flags);
  }
  return flags;
}

}  // namespace selfconnect::testing
