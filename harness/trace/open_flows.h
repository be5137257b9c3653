// The connections that FlowTable follows at the moment: a bounded pool with an index by endpoints.
// No allocation per flow once the pool has grown; the oldest flow can be found.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/trace/attempt_log_recorder.h"
#include "harness/trace/packet.h"
#include "harness/trace/secret_finder.h"

namespace selfconnect {

// Both endpoints of a connection, the same from either side.
struct FlowKey {
  std::array<std::uint64_t, 5> words{};

  static FlowKey of(const TcpPacket& packet);
  bool operator==(const FlowKey&) const = default;
};

struct FlowKeyHash {
  using is_avalanching = void;  // boost::unordered: no further mixing wanted
  std::size_t operator()(const FlowKey& key) const;
};

// What one side has sent, by sequence numbers.
struct SentStream {
  bool started = false;           // its SYN was seen
  bool finished = false;          // its FIN was
  std::uint32_t initial = 0;      // sequence number of the first payload byte
  std::uint64_t bytes = 0;        // up to the highest sequence number seen
  std::uint64_t blank_until = 0;  // bytes of the stream before this one belong to a secret already seen
  std::optional<SecretFinder> finder;

  [[nodiscard]] std::uint32_t sequence_at(std::uint64_t offset) const {
    return initial + static_cast<std::uint32_t>(offset);
  }
};

struct Flow {
  FlowKey key;
  Endpoint source, destination;  // of the SYN
  bool to_itself = false;
  std::uint32_t syn_sequence = 0;
  AttemptLogRecorder::Ticket ticket;
  Outcome outcome = Outcome::kPending;
  Ending ending = Ending::kOpen;
  SentStream by_target, by_peer;  // a self-connection has the first only

  [[nodiscard]] SentStream& sent_by(Side side) { return side == Side::kTarget ? by_target : by_peer; }
  [[nodiscard]] bool open_self_connection() const {
    return outcome == Outcome::kSelfConnected && ending == Ending::kOpen;
  }
};

class OpenFlows {
 public:
  explicit OpenFlows(std::size_t limit);

  // References stay valid until the flow is erased.
  [[nodiscard]] Flow* find(const FlowKey& key);
  [[nodiscard]] bool full() const { return index_.size() == limit_; }
  [[nodiscard]] Flow& oldest() { return slots_[oldest_].flow; }  // not when empty
  Flow& insert(const FlowKey& key);                              // not when full, nor twice
  void erase(const FlowKey& key);

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Slot {
    Flow flow;
    std::uint32_t older = kNone, newer = kNone;
  };

  std::size_t limit_;
  std::vector<Slot> slots_;  // never grows beyond its reserved limit
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<FlowKey, std::uint32_t, FlowKeyHash> index_;
  std::uint32_t oldest_ = kNone, newest_ = kNone;
};

}  // namespace selfconnect
