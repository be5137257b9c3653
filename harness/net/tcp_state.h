// The states of a TCP connection (RFC 9293 3.3.2), numbered as the kernel does (include/net/tcp_states.h).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace selfconnect {

enum class TcpState : std::uint8_t {
  kEstablished = 1,
  kSynSent = 2,
  kSynReceived = 3,
  kFinWait1 = 4,
  kFinWait2 = 5,
  kTimeWait = 6,
  kClose = 7,
  kCloseWait = 8,
  kLastAck = 9,
  kListen = 10,
  kClosing = 11,
};

// As ss(8) prints it: "ESTAB", "TIME-WAIT", "LISTEN".
[[nodiscard]] std::string_view tcp_state_name(TcpState state);
[[nodiscard]] std::optional<TcpState> tcp_state_from_name(std::string_view name);

}  // namespace selfconnect
