// What is in a packets.pcap, as libpcap reads it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace selfconnect::testing {

// The TCP flags of the packets from `port` to itself, in order; of IP version 4 or 6.
[[nodiscard]] std::vector<int> self_connection(const std::string& path, int version,
                                               std::uint16_t port = 50000);

}  // namespace selfconnect::testing
