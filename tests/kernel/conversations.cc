// SPDX-License-Identifier: MIT
#include "conversations.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace selfconnect::testing {

namespace {

constexpr std::uint8_t kLooked = kTcpSyn | kTcpAck | kTcpFin | kTcpRst;

bool has(const Segment& segment, std::uint8_t flag) { return (segment.flags & flag) != 0; }

// What the far end did of itself after the handshake: its bytes, and how it ended.
struct FarEnd {
  std::string said;
  std::optional<std::size_t> fin, reset;  // places in the conversation
};

FarEnd far_end_of(const Conversation& conversation) {
  FarEnd far;
  for (std::size_t i = 2; i < conversation.segments.size(); ++i) {
    const Segment& segment = conversation.segments[i];
    if (segment.from == Side::kTarget) continue;
    far.said += segment.payload;
    if (!far.fin && has(segment, kTcpFin)) far.fin = i;
    if (!far.reset && has(segment, kTcpRst)) far.reset = i;
  }
  return far;
}

// Where the target ended it, by FIN or RST.
std::size_t target_ended(const Conversation& conversation) {
  const auto end = std::ranges::find_if(conversation.segments, [](const Segment& segment) {
    return segment.from == Side::kTarget && (has(segment, kTcpFin) || has(segment, kTcpRst));
  });
  return static_cast<std::size_t>(end - conversation.segments.begin());
}

// Where the target first said something.
std::size_t target_spoke(const Conversation& conversation) {
  const auto said = std::ranges::find_if(conversation.segments, [](const Segment& segment) {
    return segment.from == Side::kTarget && !segment.payload.empty();
  });
  return static_cast<std::size_t>(said - conversation.segments.begin());
}

// What is said, and done, before anything has been read.
struct Opening {
  std::string said;
  std::optional<Step::What> end;  // kClose, kReset, kHalfClose
};

Opening opening_of(const std::vector<Step>& steps) {
  Opening opening;
  for (const Step& step : steps) {
    if (step.what == Step::What::kRead) break;
    if (step.what == Step::What::kSay) opening.said += step.bytes;
    if (step.what == Step::What::kSay) continue;
    opening.end = step.what;
    break;
  }
  return opening;
}

Opening opening_of(const Event& event, const std::string& greeting) {
  switch (event.kind) {
    case EventKind::kClose:
      return {.said = "", .end = Step::What::kClose};
    case EventKind::kReset:
      return {.said = "", .end = Step::What::kReset};
    case EventKind::kHalfClose:
      return {.said = "", .end = Step::What::kHalfClose};
    case EventKind::kServe:
      return {.said = greeting, .end = std::nullopt};
    case EventKind::kTruncate:
      if (event.amount > greeting.size()) return {.said = greeting, .end = std::nullopt};
      return {.said = greeting.substr(0, event.amount), .end = Step::What::kClose};
    case EventKind::kScript:
      return opening_of(event.steps);
    default:
      return {};
  }
}

bool reads(const Event& event) {
  return event.kind == EventKind::kScript &&
         std::ranges::find(event.steps, Step::What::kRead, &Step::what) != event.steps.end();
}

std::string contradicts_opening(const Opening& opening, const Event& event,
                                const Conversation& conversation) {
  const FarEnd far = far_end_of(conversation);
  const std::size_t target_end = target_ended(conversation);
  const std::size_t target_said = target_spoke(conversation);
  const auto before_target = [&](const std::optional<std::size_t>& place) {
    return place && *place < std::min(target_end, target_said);
  };
  if (!far.said.starts_with(opening.said)) return "the far end says something else";
  // More can only come once the target has been read.
  if (!reads(event) && far.said.size() > opening.said.size()) return "the far end says more";
  if (!opening.end) {
    if (before_target(far.fin)) return "a FIN of the far end";
    if (before_target(far.reset)) return "an RST of the far end";
    return "";
  }
  if (*opening.end == Step::What::kReset) {
    if (far.fin) return "a FIN before the RST";
    return before_target(far.reset) ? "" : "no RST at once";
  }
  if (!before_target(far.fin)) return "no FIN at once";
  if (far.reset && *far.reset < *far.fin) return "an RST before the FIN";
  // close(2) answers what comes later with RST; shutdown(2) reads it.
  const bool said = target_said < conversation.segments.size() && target_said < target_end;
  if (*opening.end == Step::What::kClose && said && !far.reset) return "no RST for what came after close(2)";
  if (*opening.end == Step::What::kHalfClose && far.reset && *far.reset < target_end)
    return "an RST for what came after the half-close";
  return "";
}

std::string contradicts_accepted(const Event& event, const Conversation& conversation,
                                 const std::string& greeting) {
  const auto& segments = conversation.segments;
  if (segments.size() < 3 || segments[1].from != Side::kPeer || segments[1].flags != (kTcpSyn | kTcpAck))
    return "the SYN is not answered by SYN-ACK";
  if (segments[2].from != Side::kTarget || segments[2].flags != kTcpAck) return "no ACK ends the handshake";
  if (event.kind != EventKind::kGarbage)
    return contradicts_opening(opening_of(event, greeting), event, conversation);
  const FarEnd far = far_end_of(conversation);
  if (far.said.size() != event.amount) return fmt::format("{} bytes of garbage", far.said.size());
  if (far.fin && *far.fin < target_ended(conversation)) return "a FIN of the far end";
  return "";
}

// What of a packet's payload its side had not sent before, or nothing where all of the packet is sent again, as a machine
// that stood still for a while does (RFC 9293 3.8.1).
std::optional<std::string_view> fresh_part(Conversation& conversation, Side from, const TcpPacket& packet) {
  if (packet.has(kTcpSyn)) {
    const auto same = [&](const Segment& segment) {
      return segment.from == from && segment.flags == (packet.flags & kLooked);
    };
    if (std::ranges::any_of(conversation.segments, same)) return std::nullopt;
    return packet.payload;
  }
  const std::size_t length = packet.payload.size() + (packet.has(kTcpFin) ? 1U : 0U);
  if (length == 0) return packet.payload;  // ACK and RST take no number
  auto& next = conversation.next.at(from == Side::kTarget ? 0 : 1);
  const std::uint32_t end = packet.sequence + static_cast<std::uint32_t>(length);
  const auto known = next ? static_cast<std::int32_t>(*next - packet.sequence) : 0;
  if (known >= static_cast<std::int64_t>(length)) return std::nullopt;
  next = end;
  return packet.payload.substr(known > 0 ? static_cast<std::size_t>(known) : 0);
}

}  // namespace

std::string Conversation::text() const {
  std::string text;
  for (const Segment& segment : segments) {
    text += segment.from == Side::kTarget ? "  >" : "  <";
    if (has(segment, kTcpSyn)) text += " SYN";
    if (has(segment, kTcpFin)) text += " FIN";
    if (has(segment, kTcpRst)) text += " RST";
    if (has(segment, kTcpAck)) text += " ACK";
    if (!segment.payload.empty()) text += fmt::format(" {} bytes", segment.payload.size());
  }
  return text;
}

Conversations conversations_of(const PacketStore& packets) {
  Conversations all;
  std::map<std::pair<Endpoint, Endpoint>, std::pair<Endpoint, std::size_t>> newest;  // by source, destination
  std::size_t index = 0;
  for (const CapturedPacket& captured : packets.packets()) {
    const std::size_t here = index++;
    const auto packet = decode_packet(captured.bytes, captured.original_length);
    if (!packet) continue;
    auto known = newest.find({packet->source, packet->destination});
    Side from = Side::kTarget;
    const bool begins = packet->has(kTcpSyn) && !packet->has(kTcpAck);
    const auto conversation = [&]() -> Conversation& {
      return all[known->second.first][known->second.second];
    };
    if (begins && (known == newest.end() || conversation().first_sequence != packet->sequence)) {
      auto& there = all[packet->destination];
      there.push_back({.source_port = packet->source.port, .first_sequence = packet->sequence});
      newest[{packet->source, packet->destination}] = {packet->destination, there.size() - 1};
      known = newest.find({packet->source, packet->destination});
    } else if (known == newest.end()) {
      known = newest.find({packet->destination, packet->source});
      from = Side::kPeer;
    }
    if (known == newest.end()) continue;
    const auto fresh = fresh_part(conversation(), from, *packet);
    if (!fresh) continue;
    conversation().segments.push_back({.index = here,
                                       .from = from,
                                       .flags = static_cast<std::uint8_t>(packet->flags & kLooked),
                                       .payload = std::string(*fresh)});
  }
  return all;
}

std::string contradiction(const Event& event, const Conversation& conversation, const std::string& greeting) {
  const auto& segments = conversation.segments;
  switch (event.kind) {
    case EventKind::kExhausted:
      return "there is a SYN";
    case EventKind::kRefuse:
      if (segments.size() != 2) return "more than a SYN and its answer";
      return segments[1].from == Side::kPeer && has(segments[1], kTcpRst) ? "" : "no RST";
    case EventKind::kDrop: {
      const bool answered =
          std::ranges::any_of(segments, [](const Segment& segment) { return segment.from == Side::kPeer; });
      return answered ? "the SYN is answered" : "";
    }
    case EventKind::kSelf: {
      const bool simultaneous = segments.size() > 1 && segments[1].flags == (kTcpSyn | kTcpAck);
      return simultaneous ? "" : "the SYN is not answered by the SYN-ACK of a simultaneous open";
    }
    default:
      return contradicts_accepted(event, conversation, greeting);
  }
}

std::size_t end_of(const Conversation& self_connection) {
  const auto end = std::ranges::find_if(self_connection.segments, [](const Segment& segment) {
    return has(segment, kTcpFin) || has(segment, kTcpRst);
  });
  return end == self_connection.segments.end() ? std::numeric_limits<std::size_t>::max() : end->index;
}

}  // namespace selfconnect::testing
