// SPDX-License-Identifier: MIT
#include "harness/check/segment_filter.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <vector>

namespace selfconnect {

namespace {

constexpr std::uint32_t kWhole = 0xffffffff;  // of a segment's bytes: what a filter lets in

void attach(int socket, std::span<sock_filter> program) {
  const sock_fprog whole{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof(whole));
}

}  // namespace

void drop_all_segments(int socket) {
  sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  attach(socket, {&nothing, 1});
}

void drop_segments_from(int socket, std::span<const std::uint16_t> source_ports) {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0)};  // the source port (RFC 9293, 3.1)
  const auto count = source_ports.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto to_drop = static_cast<std::uint8_t>(count - i);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, source_ports[i], to_drop, 0));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, kWhole));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  attach(socket, program);
}

void drop_no_segments(int socket) {
  const int none = 0;
  setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
}

}  // namespace selfconnect
