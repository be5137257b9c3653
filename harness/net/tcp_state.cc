// SPDX-License-Identifier: MIT
#include "harness/net/tcp_state.h"

#include <array>

namespace selfconnect {

namespace {

constexpr std::array<std::string_view, 12> kNames = {"",           "ESTAB",      "SYN-SENT",  "SYN-RECV",
                                                     "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "UNCONN",
                                                     "CLOSE-WAIT", "LAST-ACK",   "LISTEN",    "CLOSING"};

}  // namespace

std::string_view tcp_state_name(TcpState state) { return kNames.at(static_cast<std::size_t>(state)); }

std::optional<TcpState> tcp_state_from_name(std::string_view name) {
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<TcpState>(i);
  }
  return std::nullopt;
}

}  // namespace selfconnect
