// Segments that the network loses, for one socket and without a privilege: a socket filter drops them before TCP sees them
// (socket(7), SO_ATTACH_FILTER). Used for the event `drop`. Each call takes the place of the one before.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace selfconnect {

inline constexpr std::size_t kMostPortsDropped = 120;  // a filter's jumps reach 255 instructions

void drop_all_segments(int socket);
// Those that come from one of these ports, at most kMostPortsDropped.
void drop_segments_from(int socket, std::span<const std::uint16_t> source_ports);
void drop_no_segments(int socket);

}  // namespace selfconnect
