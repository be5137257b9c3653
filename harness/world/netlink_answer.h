// What the kernel answers on a netlink(7) socket, read from the bytes of one datagram. Pure; asks for nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <linux/inet_diag.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <span>

namespace selfconnect::netlink {

enum class More { kFollows, kEnds };  // of the answer

// The errno that the kernel answers with, or that of an answer to another request (EPROTO) or of another form (EBADMSG).
using Answer = std::expected<More, int>;

// As recv(2) gave it, aligned as an nlmsghdr.
using Datagram = std::span<const char>;

// Nothing but an acknowledgement. `sequence`, here and below: of the request; 0: of any.
[[nodiscard]] Answer read_acknowledgement(Datagram datagram, std::uint32_t sequence = 0);

// The sockets that sock_diag(7) lists, in the order of the list.
[[nodiscard]] Answer read_sockets(Datagram datagram, std::uint32_t sequence,
                                  const std::function<void(const inet_diag_msg&)>& take);

// The number of a generic netlink family (CTRL_CMD_GETFAMILY); left as it is where it is not told.
[[nodiscard]] Answer read_family(Datagram datagram, std::uint16_t& family);

}  // namespace selfconnect::netlink
