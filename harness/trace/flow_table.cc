// SPDX-License-Identifier: MIT
#include "harness/trace/flow_table.h"

#include <algorithm>
#include <utility>

#include "harness/trace/open_flows.h"

namespace selfconnect {

namespace {

void blank(std::string& text, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t size = text.size();
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(std::min(begin, size)),
            text.begin() + static_cast<std::ptrdiff_t>(std::min(end, size)), '*');
}

// Adds bytes of a stream to its head, as long as nothing is missing in between.
void append_head(std::string& head, std::string_view fresh, std::uint64_t offset, std::uint64_t blank_until) {
  if (head.size() != offset || head.size() >= kPayloadHead) return;
  head += fresh.substr(0, kPayloadHead - head.size());
  blank(head, offset, std::max(offset, blank_until));
}

}  // namespace

FlowTable::FlowTable(std::span<const std::string> secrets)
    : patterns_(std::make_unique<const SecretPatterns>(secrets)),
      flows_(std::make_unique<OpenFlows>(kMaxOpen)) {}
FlowTable::FlowTable(FlowTable&&) noexcept = default;
FlowTable& FlowTable::operator=(FlowTable&&) noexcept = default;
FlowTable::~FlowTable() = default;

void FlowTable::add(const TcpPacket& packet, Instant at) {
  const FlowKey key = FlowKey::of(packet);
  Flow* flow = flows_->find(key);
  const bool first_syn = packet.has(kTcpSyn) && !packet.has(kTcpAck) && !packet.has(kTcpRst);
  if (!first_syn) {
    if (flow != nullptr) follow(*flow, packet, at);
    return;
  }
  if (flow != nullptr) {
    if (flow->source == packet.source && flow->syn_sequence == packet.sequence) return;
    forget(*flow);
  }
  if (at >= Instant::zero() && at < end_) begin(packet, at);
}

const DestinationStats* FlowTable::find_destination(const Endpoint& destination) const {
  const auto& all = destinations();
  const auto found = std::ranges::find(all, destination, &DestinationStats::destination);
  return found == all.end() ? nullptr : &*found;
}

void FlowTable::begin(const TcpPacket& packet, Instant at) {
  if (flows_->full()) forget(flows_->oldest());
  Flow& flow = flows_->insert(FlowKey::of(packet));
  flow.source = packet.source;
  flow.destination = packet.destination;
  flow.to_itself = packet.to_itself();
  flow.syn_sequence = packet.sequence;
  flow.by_target.started = true;
  flow.by_target.initial = packet.sequence + 1;
  flow.ticket = recorder_.begin(packet.source, packet.destination, at);
  if (packet.payload_length > 0) take_payload(flow, packet, Side::kTarget, at);  // TCP Fast Open
}

void FlowTable::follow(Flow& flow, const TcpPacket& packet, Instant at) {
  const Side from = packet.source == flow.source ? Side::kTarget : Side::kPeer;
  if (flow.outcome == Outcome::kPending) {
    answer(flow, packet, from, at);
    if (flow.outcome == Outcome::kRefused) return forget(flow);
  }
  if (packet.payload_length > 0) take_payload(flow, packet, from, at);
  if (packet.has(kTcpRst)) {
    end(flow, Ending::kReset, from, at);
    forget(flow);
  } else if (packet.has(kTcpFin)) {
    end(flow, Ending::kFin, from, at);
    flow.sent_by(from).finished = true;
    if (flow.to_itself || (flow.by_target.finished && flow.by_peer.finished)) forget(flow);
  }
}

void FlowTable::answer(Flow& flow, const TcpPacket& packet, Side from, Instant at) {
  if (from == Side::kTarget && !flow.to_itself) return;
  if (packet.has(kTcpRst)) {
    flow.outcome = Outcome::kRefused;
  } else if (packet.has(kTcpSyn)) {  // with ACK: one without never comes here
    flow.outcome = flow.to_itself ? Outcome::kSelfConnected : Outcome::kAccepted;
    if (!flow.to_itself) flow.by_peer = {.started = true, .initial = packet.sequence + 1};
  } else {
    return;
  }
  recorder_.decide(flow.ticket, flow.outcome, at);
  if (flow.outcome == Outcome::kAccepted && flow.by_target.bytes > 0) {
    recorder_.note_accepted_payload(flow.ticket, Side::kTarget);
  }
  if (flow.outcome != Outcome::kSelfConnected) return;
  ++open_self_;
  const Attempt* attempt = recorder_.find(flow.ticket);
  newest_self_ticket_ = flow.ticket;
  newest_self_ = SelfConnection{.endpoint = flow.source,
                                .number = attempt != nullptr ? attempt->number : 0,
                                .at = attempt != nullptr ? attempt->at : at,
                                .decided_at = at,
                                .sent = flow.by_target.bytes};
}

void FlowTable::take_payload(Flow& flow, const TcpPacket& packet, Side from, Instant at) {
  SentStream& stream = flow.sent_by(from);
  if (!stream.started) return;
  const std::uint32_t first = packet.sequence + (packet.has(kTcpSyn) ? 1U : 0U);
  const std::int64_t ahead = static_cast<std::int32_t>(first - stream.sequence_at(stream.bytes));
  const std::int64_t grown = ahead + packet.payload_length;
  if (grown <= 0) return;  // all of it was seen before

  const auto known = static_cast<std::uint64_t>(std::max<std::int64_t>(-ahead, 0));
  const auto missed = static_cast<std::uint64_t>(std::max<std::int64_t>(ahead, 0));
  const std::uint64_t offset = stream.bytes + missed;
  const std::string_view fresh = packet.payload.substr(std::min<std::uint64_t>(known, packet.payload.size()));
  if (stream.bytes == 0 && flow.outcome == Outcome::kAccepted) {
    recorder_.note_accepted_payload(flow.ticket, from);
  }
  stream.bytes += static_cast<std::uint64_t>(grown);

  Attempt* attempt = recorder_.find(flow.ticket);
  if (attempt != nullptr) {
    const bool sent = from == Side::kTarget;
    (sent ? attempt->sent : attempt->received) = stream.bytes;
    if (sent && !attempt->first_sent_at) attempt->first_sent_at = at;
    append_head(sent ? attempt->sent_head : attempt->received_head, fresh, offset, stream.blank_until);
  }
  if (newest_self_ && flow.ticket == newest_self_ticket_) newest_self_->sent = stream.bytes;
  if (patterns_->empty()) return;
  if (!stream.finder) stream.finder.emplace(*patterns_);
  if (missed > 0) stream.finder->skip(missed);
  find_secrets(flow, from, fresh, offset, attempt);
  if (offset + fresh.size() < stream.bytes) stream.finder->skip(stream.bytes - offset - fresh.size());
}

void FlowTable::find_secrets(Flow& flow, Side from, std::string_view fresh, std::uint64_t offset,
                             Attempt* attempt) {
  SentStream& stream = flow.sent_by(from);
  const Endpoint& destination = flow.destination;
  for (const SecretMatch& match : stream.finder->feed(fresh)) {
    const std::uint64_t match_end = match.offset + match.length;
    const bool whole = match.offset >= offset && match_end <= offset + fresh.size();
    const bool sent = from == Side::kTarget;
    ranges_.add(sent ? flow.source : destination, sent ? destination : flow.source,
                stream.sequence_at(match.offset), static_cast<std::uint32_t>(match.length),
                whole ? SecretRanges::Seen::kWhole : SecretRanges::Seen::kAcrossPackets);
    stream.blank_until = std::max(stream.blank_until, match_end);
    if (attempt == nullptr) continue;
    blank(sent ? attempt->sent_head : attempt->received_head, match.offset, match_end);
    if (flow.to_itself && attempt->secrets.size() < kMaxSightings) {
      attempt->secrets.push_back({.secret = match.secret,
                                  .encoding = std::string(secret_encoding_name(match.encoding)),
                                  .stream_offset = match.offset});
    }
  }
}

void FlowTable::end(Flow& flow, Ending ending, Side from, Instant at) {
  if (flow.ending != Ending::kOpen) return;
  if (flow.open_self_connection()) --open_self_;
  flow.ending = ending;
  if (Attempt* attempt = recorder_.find(flow.ticket)) {
    attempt->ending = ending;
    attempt->ended_at = at;
    attempt->ended_by = from;
  }
  if (newest_self_ && flow.ticket == newest_self_ticket_) {
    newest_self_->ending = ending;
    newest_self_->ended_at = at;
  }
}

void FlowTable::forget(Flow& flow) {
  if (flow.open_self_connection()) --open_self_;
  flows_->erase(FlowKey(flow.key));
}

}  // namespace selfconnect
