// SPDX-License-Identifier: MIT
#include "harness/trace/attempt_log_recorder.h"

#include <algorithm>

namespace selfconnect {

namespace {

void count_outcome(AttemptLog& counts, DestinationStats& stats, Outcome outcome) {
  --counts.pending;
  switch (outcome) {
    case Outcome::kRefused:
      ++counts.refused;
      ++stats.refused;
      break;
    case Outcome::kSelfConnected:
      ++counts.self_connected;
      ++stats.self_connected;
      break;
    case Outcome::kAccepted:
      ++counts.accepted;
      ++stats.accepted;
      break;
    case Outcome::kPending:
      ++counts.pending;
      break;
  }
}

// Packets of two cores may come in swapped: nearly sorted, so each goes back a step or two. Keeps the order
// of equals.
void sort_by_time(std::vector<Attempt>& attempts) {
  for (std::size_t i = 1; i < attempts.size(); ++i) {
    for (std::size_t j = i; j > 0 && attempts[j].at < attempts[j - 1].at; --j) {
      std::swap(attempts[j], attempts[j - 1]);
    }
  }
}

}  // namespace

AttemptLogRecorder::AttemptLogRecorder() {
  first_.reserve(kFirst);
  destinations_.reserve(kDestinations);
}

AttemptLogRecorder::Ticket AttemptLogRecorder::begin(const Endpoint& source, const Endpoint& destination,
                                                     Instant at) {
  const Ticket ticket{.ordinal = counts_.total, .destination = destination_index(destination, at)};
  DestinationStats& seen = stats(ticket.destination);
  ++seen.attempts;
  seen.last_at = std::max(seen.last_at, at);
  ++(source.port % 2 == 0 ? seen.even_source_ports : seen.odd_source_ports);
  if (seen.first_source_ports.size() < kFirstSourcePorts) seen.first_source_ports.push_back(source.port);

  ++counts_.total;
  ++counts_.pending;
  counts_.first_at = std::min(counts_.first_at.value_or(at), at);
  counts_.last_at = std::max(counts_.last_at.value_or(at), at);

  Attempt& attempt = place(ticket.ordinal);
  attempt = Attempt{.number = seen.attempts, .source = source, .destination = destination, .at = at};
  return ticket;
}

void AttemptLogRecorder::decide(Ticket ticket, Outcome outcome, Instant at) {
  count_outcome(counts_, stats(ticket.destination), outcome);
  if (Attempt* attempt = find(ticket)) {
    attempt->outcome = outcome;
    attempt->decided_at = at;
  }
}

void AttemptLogRecorder::note_accepted_payload(Ticket ticket, Side side) {
  DestinationStats& seen = stats(ticket.destination);
  ++(side == Side::kTarget ? seen.accepted_sent : seen.accepted_received);
}

Attempt* AttemptLogRecorder::find(Ticket ticket) {
  if (ticket.ordinal < first_.size()) return &first_[ticket.ordinal];
  if (ticket.ordinal >= counts_.total) return nullptr;
  if (counts_.total - ticket.ordinal <= kLast) return &last_[ticket.ordinal % kLast];
  const auto found =
      std::ranges::lower_bound(between_, ticket.ordinal, {}, &std::pair<std::uint64_t, Attempt>::first);
  return found != between_.end() && found->first == ticket.ordinal ? &found->second : nullptr;
}

AttemptLog AttemptLogRecorder::log() const {
  AttemptLog log = counts_;
  log.kept = first_;
  for (const auto& [ordinal, attempt] : between_) log.kept.push_back(attempt);
  const std::uint64_t oldest =
      std::max<std::uint64_t>(first_.size(), counts_.total - std::min<std::uint64_t>(counts_.total, kLast));
  for (std::uint64_t ordinal = oldest; ordinal < counts_.total; ++ordinal) {
    log.kept.push_back(last_[ordinal % kLast]);
  }
  sort_by_time(log.kept);
  return log;
}

DestinationStats& AttemptLogRecorder::stats(std::uint32_t index) {
  return index < destinations_.size() ? destinations_[index] : others_;
}

std::uint32_t AttemptLogRecorder::destination_index(const Endpoint& destination, Instant at) {
  const auto found = std::ranges::find(destinations_, destination, &DestinationStats::destination);
  if (found != destinations_.end()) return static_cast<std::uint32_t>(found - destinations_.begin());
  if (destinations_.size() < kDestinations) {
    destinations_.push_back({.destination = destination, .first_at = at, .last_at = at});
    return static_cast<std::uint32_t>(destinations_.size() - 1);
  }
  if (others_.attempts == 0) others_.first_at = others_.last_at = at;
  return kDestinations;
}

// Where the details of a new attempt go; what lay there moves on when it is a self-connection.
Attempt& AttemptLogRecorder::place(std::uint64_t ordinal) {
  if (ordinal < kFirst) return first_.emplace_back();
  if (last_.empty()) last_.resize(kLast);
  Attempt& slot = last_[ordinal % kLast];
  if (ordinal >= kFirst + kLast && slot.outcome == Outcome::kSelfConnected &&
      between_.size() < kSelfConnected) {
    between_.emplace_back(ordinal - kLast, std::move(slot));
  }
  return slot;
}

}  // namespace selfconnect
