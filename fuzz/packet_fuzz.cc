// Captured bytes through decoding, the flow table, the packet store and the blacking out.
// Input: packets one after another, each with its length before it in two bytes.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trace/flow_table.h"
#include "harness/trace/packet.h"
#include "harness/trace/packet_store.h"
#include "require.h"

using selfconnect::fuzz::require;

namespace {

void check_packet(const selfconnect::TcpPacket& packet, std::string_view bytes) {
  require(packet.payload.empty() ||
              (packet.payload.data() >= bytes.data() &&
               packet.payload.data() + packet.payload.size() <= bytes.data() + bytes.size()),
          "the payload lies in the packet");
  require(packet.payload.size() <= packet.payload_length, "no more is captured than was sent");
}

void check_log(const selfconnect::FlowTable& flows) {
  const selfconnect::AttemptLog log = flows.log();
  require(log.total == log.refused + log.self_connected + log.accepted + log.pending, "counts add up");
  require(log.kept.size() <= log.total, "no attempt is made up");
  require(flows.open_self_connections() <= log.self_connected, "no more are open than there were");
  for (const auto& attempt : log.kept) {
    require(attempt.sent_head.size() <= attempt.sent || attempt.sent == 0,
            "the head is a part of the stream");
    require(attempt.sent_head.find("hunter22") == std::string::npos, "secrets are blacked out");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::string> secrets = {"hunter22"};
  selfconnect::FlowTable flows(secrets);
  selfconnect::PacketStore store({.first = 1000, .last = 1000, .self_connections = 1000});
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::int64_t now = 0;
  while (input.size() >= 2) {
    const std::size_t length = data[size - input.size()] << 8U | data[size - input.size() + 1];
    std::string bytes(input.substr(2, length));  // a copy, so that reads beyond it are seen
    input.remove_prefix(std::min(input.size(), length + 2));
    const auto packet = selfconnect::decode_packet(bytes, length);
    store.add({.bytes = bytes, .original_length = length},
              packet && packet->to_itself() ? selfconnect::PacketStore::Conversation::kSelfConnection
                                            : selfconnect::PacketStore::Conversation::kOther);
    if (!packet) continue;
    check_packet(*packet, bytes);
    flows.add(*packet, selfconnect::Instant(++now));
    const std::size_t before = bytes.size();
    flows.secret_ranges().redact(bytes, length, flows.secret_patterns());
    require(bytes.size() == before, "blacking out keeps the length");
  }
  check_log(flows);
  static_cast<void>(store.packets());
  return 0;
}
