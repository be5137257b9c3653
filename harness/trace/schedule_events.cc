// The events of a phase with a schedule: what each attempt met, and what was open when the target was served.
// SPDX-License-Identifier: MIT
#include <utility>

#include "harness/trace/trace_events.h"

namespace selfconnect::trace_events {

namespace {

Json to_json(const PeerView& peer) {
  Json moves = Json::array();
  for (const PeerMove& move : peer.moves) {
    Json& json = moves.emplace_back(Json{{"what", peer_move_name(move.what)}});
    if (move.bytes > 0) json["bytes"] = move.bytes;
  }
  return {{"received", peer.received}, {"sent", peer.sent}, {"moves", std::move(moves)}};
}

void read_peer(Fields& fields, PeerView& peer) {
  fields.read("received", peer.received);
  fields.read("sent", peer.sent);
  fields.each("moves", [&](Fields& move) {
    auto& [what, bytes] = peer.moves.emplace_back();
    move.read("what", what, peer_move_name, PeerMove::What::kResetSent);
    move.read("bytes", bytes, Need::kOptional);
  });
}

// An event's text alone is no schedule, and one followed by the quiet window is.
void read_event(Fields& fields, std::string_view key, Event& event) {
  std::string text;
  fields.read(key, text);
  if (fields.problem()) return;
  auto schedule = parse_schedule(text + " serve");
  const bool one = schedule && schedule->entries.size() == 1 && schedule->entries.front().count == 1;
  if (!one) return fields.fail(key, "an event of a schedule");
  event = std::move(schedule->entries.front().event);
}

}  // namespace

Json to_json(const ScheduledAttempt& attempt) {
  Json json = event("scheduled", attempt.at);
  json["number"] = attempt.number;
  json["destination"] = attempt.destination.text();
  json["meets"] = print(attempt.event);
  if (!attempt.instead.empty()) json["instead"] = text_to_json(attempt.instead);
  if (attempt.held_by) json["held_by"] = *attempt.held_by;
  json["source_port"] = attempt.source_port;
  if (attempt.peer) json["peer"] = to_json(*attempt.peer);
  return json;
}

void read_scheduled(Fields& fields, Trace& trace) {
  ScheduledAttempt& attempt = trace.scheduled.emplace_back();
  fields.read("at_ns", attempt.at);
  fields.read("number", attempt.number);
  fields.read("destination", attempt.destination);
  read_event(fields, "meets", attempt.event);
  fields.read("instead", attempt.instead, Need::kOptional);
  if (fields.find("held_by") != nullptr) fields.read("held_by", attempt.held_by.emplace());
  fields.read("source_port", attempt.source_port);
  const Json* peer = fields.find("peer");
  if (peer == nullptr) return;
  if (!peer->is_object()) return fields.fail("peer", "an object");
  Fields view(*peer);
  read_peer(view, attempt.peer.emplace());
  if (view.problem()) fields.fail(*view.problem());
}

Json to_json(const HeldSockets& held) {
  Json json = event("held", held.at);
  json["destination"] = held.destination.text();
  json["attempt"] = held.attempt;
  json["ended"] = held.ended;
  json["descriptors"] = held.descriptors;
  return json;
}

void read_held(Fields& fields, Trace& trace) {
  HeldSockets& held = trace.held.emplace();
  fields.read("at_ns", held.at);
  fields.read("destination", held.destination);
  fields.read("attempt", held.attempt);
  fields.read("ended", held.ended);
  fields.read("descriptors", held.descriptors);
}

}  // namespace selfconnect::trace_events
