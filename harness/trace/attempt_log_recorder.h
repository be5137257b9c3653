// Keeps the attempts of a phase in bounded memory: counts of all, details of the first, of the last, and of
// self-connections in between. Used by FlowTable, which owns the meaning of packets.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

// What is known of one destination without looking at its attempts.
struct DestinationStats {
  Endpoint destination;
  std::uint64_t attempts = 0;
  std::uint64_t refused = 0;
  std::uint64_t self_connected = 0;
  std::uint64_t accepted = 0;
  std::uint64_t accepted_sent = 0;      // accepted attempts on which the target has sent payload
  std::uint64_t accepted_received = 0;  // ... on which the peer has
  Instant first_at{}, last_at{};        // of its attempts
  std::uint64_t even_source_ports = 0;  // attempts by the parity of their source port: connect()'s allocator
  std::uint64_t odd_source_ports = 0;   // and bind(0)'s start at opposite ones
  std::vector<std::uint16_t> first_source_ports;  // of the first kFirstSourcePorts attempts

  [[nodiscard]] std::uint64_t pending() const { return attempts - refused - self_connected - accepted; }
  bool operator==(const DestinationStats&) const = default;
};

class AttemptLogRecorder {
 public:
  static constexpr std::size_t kFirst = 1024;
  static constexpr std::size_t kLast = 1024;
  static constexpr std::size_t kSelfConnected = 1024;  // between the first and the last
  static constexpr std::size_t kDestinations = 64;     // with figures and numbers of their own
  static constexpr std::size_t kFirstSourcePorts = 64;

  // Names an attempt for as long as the recorder lives, whether or not its details are kept.
  struct Ticket {
    std::uint64_t ordinal = 0;      // from 0, over all destinations
    std::uint32_t destination = 0;  // index in destinations(); kDestinations: one of the others
    bool operator==(const Ticket&) const = default;
  };

  AttemptLogRecorder();

  // A new attempt. Its number counts per destination; beyond kDestinations destinations, the further ones
  // share one count.
  Ticket begin(const Endpoint& source, const Endpoint& destination, Instant at);
  // Gives a pending attempt its outcome; called once per attempt, never with kPending.
  void decide(Ticket ticket, Outcome outcome, Instant at);
  // First payload of an accepted attempt, per side.
  void note_accepted_payload(Ticket ticket, Side side);
  // The details, to be updated; null when this attempt is only counted. Valid until the next begin().
  [[nodiscard]] Attempt* find(Ticket ticket);

  [[nodiscard]] AttemptLog log() const;  // `kept` in order of `at`
  // Counts only; `kept` is empty.
  [[nodiscard]] const AttemptLog& counts() const { return counts_; }
  // In order of first attempt.
  [[nodiscard]] const std::vector<DestinationStats>& destinations() const { return destinations_; }
  // All destinations after the first kDestinations, together; its `destination` means nothing.
  [[nodiscard]] const DestinationStats& other_destinations() const { return others_; }

 private:
  DestinationStats& stats(std::uint32_t index);
  std::uint32_t destination_index(const Endpoint& destination, Instant at);
  Attempt& place(std::uint64_t ordinal);

  AttemptLog counts_;
  std::vector<Attempt> first_;                              // ordinal is the index
  std::vector<Attempt> last_;                               // a ring: ordinal % kLast
  std::vector<std::pair<std::uint64_t, Attempt>> between_;  // by ordinal, ascending
  std::vector<DestinationStats> destinations_;
  DestinationStats others_;
};

}  // namespace selfconnect
