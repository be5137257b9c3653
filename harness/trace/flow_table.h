// From packets to attempts: follows every TCP connection that begins while it records.
// Pure and single-threaded; the director feeds it what the capture gives and polls its counts.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trace/attempt_log_recorder.h"
#include "harness/trace/packet.h"
#include "harness/trace/secret_finder.h"
#include "harness/trace/secret_ranges.h"
#include "harness/trace/trace.h"

namespace selfconnect {

struct Flow;
class OpenFlows;

// A self-connection, for those who wait for its end.
struct SelfConnection {
  Endpoint endpoint;         // both ends
  std::uint64_t number = 0;  // Attempt::number
  Instant at{};              // the SYN
  Instant decided_at{};      // the SYN-ACK
  std::uint64_t sent = 0;    // payload bytes so far
  Ending ending = Ending::kOpen;
  std::optional<Instant> ended_at;

  [[nodiscard]] bool open() const { return ending == Ending::kOpen; }
  bool operator==(const SelfConnection&) const = default;
};

// An attempt on the wire (RFC 9293 3.5; A is the target):
//
//   refused            accepted             self-connection (simultaneous open with itself)
//   A SYN      > B     A SYN      > B       P SYN      > P
//   A RST, ACK < B     A SYN, ACK < B       P SYN, ACK > P     ESTABLISHED here
//                      A ACK      > B       P ACK      > P
//
// A SYN with the tuple and sequence number of an open flow is a retransmission; with another sequence number
// it is the next attempt. Payload is counted by sequence numbers, so retransmissions do not count twice and
// packets the capture lost are counted all the same (but are missing in the heads). A refused attempt has no
// ending: there was no connection.
class FlowTable {
 public:
  // Open flows followed at once. Beyond it the oldest is no longer followed: its attempt stays as it is.
  static constexpr std::size_t kMaxOpen = 16384;
  static constexpr std::size_t kMaxSightings = 64;  // secrets listed per attempt

  explicit FlowTable(std::span<const std::string> secrets = {});
  FlowTable(FlowTable&&) noexcept;
  FlowTable& operator=(FlowTable&&) noexcept;
  ~FlowTable();

  // Packets in the order captured. A SYN counts when 0 <= at < the end set by stop_counting_at();
  // packets of connections whose SYN did not count are ignored.
  void add(const TcpPacket& packet, Instant at);
  void stop_counting_at(Instant end) { end_ = end; }

  [[nodiscard]] AttemptLog log() const { return recorder_.log(); }
  [[nodiscard]] std::uint64_t total() const { return recorder_.counts().total; }
  [[nodiscard]] std::uint64_t refused() const { return recorder_.counts().refused; }
  [[nodiscard]] std::uint64_t self_connected() const { return recorder_.counts().self_connected; }
  [[nodiscard]] std::uint64_t accepted() const { return recorder_.counts().accepted; }
  // In order of first attempt; the first AttemptLogRecorder::kDestinations of them.
  [[nodiscard]] const std::vector<DestinationStats>& destinations() const { return recorder_.destinations(); }
  [[nodiscard]] const DestinationStats* find_destination(const Endpoint& destination) const;
  [[nodiscard]] const std::optional<SelfConnection>& newest_self_connection() const { return newest_self_; }
  // Self-connections that have neither FIN nor RST yet.
  [[nodiscard]] std::size_t open_self_connections() const { return open_self_; }

  [[nodiscard]] const SecretPatterns& secret_patterns() const { return *patterns_; }
  [[nodiscard]] const SecretRanges& secret_ranges() const { return ranges_; }

 private:
  void begin(const TcpPacket& packet, Instant at);
  void follow(Flow& flow, const TcpPacket& packet, Instant at);
  void answer(Flow& flow, const TcpPacket& packet, Side from, Instant at);
  void take_payload(Flow& flow, const TcpPacket& packet, Side from, Instant at);
  void find_secrets(Flow& flow, Side from, std::string_view fresh, std::uint64_t offset, Attempt* attempt);
  void end(Flow& flow, Ending ending, Side from, Instant at);
  void forget(Flow& flow);

  std::unique_ptr<const SecretPatterns> patterns_;  // finders point to it
  AttemptLogRecorder recorder_;
  SecretRanges ranges_;
  std::unique_ptr<OpenFlows> flows_;  // keeps flat_map's header out of this one
  Instant end_ = Instant::max();
  std::optional<SelfConnection> newest_self_;
  AttemptLogRecorder::Ticket newest_self_ticket_;
  std::size_t open_self_ = 0;
};

}  // namespace selfconnect
