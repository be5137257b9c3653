// SPDX-License-Identifier: MIT
#include "harness/report/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "harness/report/readable.h"
#include "harness/report/run_facts.h"

namespace selfconnect {

namespace {

using Json = nlohmann::ordered_json;

// To the microsecond: finer digits would be noise.
double milliseconds(Instant at) {
  return std::round(std::chrono::duration<double, std::micro>(at).count()) / 1000;
}

Json destination_json(const std::optional<Endpoint>& destination) {
  return destination ? Json(destination->text()) : Json(nullptr);
}

Json strings_json(const std::vector<std::string>& strings) {
  Json list = Json::array();
  for (const std::string& text : strings) list.push_back(valid_utf8(text));
  return list;
}

Json world_json(const Run& run) {
  Json world = {{"engine", valid_utf8(run.engine)},
                {"isolation", valid_utf8(run.isolation)},
                {"forced", std::ranges::any_of(run.traces, &Trace::forced)},
                {"kernel", valid_utf8(run.kernel)}};
  if (!run.engine_reason.empty()) world["engine_reason"] = valid_utf8(run.engine_reason);
  return world;
}

Json destinations_json(const Run& run) {
  Json list = Json::array();
  for (const Endpoint& destination : run.destinations) list.push_back(destination.text());
  return list;
}

Json rules_json(const Judgement& judgement) {
  Json rules = Json::object();
  for (const auto& [rule, outcome] : judgement.rules) {
    if (rule == nullptr) continue;
    Json& value = rules[std::string(rule->id)];
    if (const auto* not_judged = std::get_if<NotJudged>(&outcome)) {
      value = "not judged: " + valid_utf8(not_judged->reason);
    } else {
      value = std::holds_alternative<Clear>(outcome) ? "clear" : "found";
    }
  }
  return rules;
}

Json ended_json(const Ended& ended) {
  Json json = {{"how", ended_name(ended.how)}};
  switch (ended.how) {
    case Ended::How::kExit:
      json["code"] = ended.code;
      break;
    case Ended::How::kSignal:
      json["signal"] = ended.code;
      break;
    case Ended::How::kStopped:
      json["reason"] = valid_utf8(ended.stop_reason);
      break;
  }
  return json;
}

Json counters_json(const TcpCounters& counters) {
  return {{"active_opens", counters.active_opens},   {"passive_opens", counters.passive_opens},
          {"attempt_fails", counters.attempt_fails}, {"in_segs", counters.in_segs},
          {"out_segs", counters.out_segs},           {"out_rsts", counters.out_rsts}};
}

Json peer_json(const PeerView& peer) {
  Json moves = Json::array();
  for (const PeerMove& move : peer.moves) {
    Json& json = moves.emplace_back(Json{{"what", peer_move_name(move.what)}});
    if (move.bytes > 0) json["bytes"] = move.bytes;
  }
  return {{"received_bytes", peer.received}, {"sent_bytes", peer.sent}, {"moves", std::move(moves)}};
}

Json event_json(const ScheduledAttempt& attempt) {
  Json json = {{"attempt", attempt.number},
               {"event", print(attempt.event)},
               {"destination", attempt.destination.text()},
               {"source_port", attempt.source_port != 0 ? Json(attempt.source_port) : Json(nullptr)}};
  if (!attempt.instead.empty()) json["instead"] = valid_utf8(attempt.instead);
  if (attempt.held_by) json["held_by"] = *attempt.held_by;
  if (attempt.peer) json["peer"] = peer_json(*attempt.peer);
  return json;
}

void add_schedule(Json& phase, const Trace& trace) {
  if (trace.phase != Phase::kSchedule && trace.phase != Phase::kSingleEvent) return;
  phase["schedule"] = print(trace.schedule);
  phase["events"] = Json::array();
  for (const ScheduledAttempt& attempt : trace.scheduled) phase["events"].push_back(event_json(attempt));
}

Json phase_json(const Trace& trace) {
  const Attempt* first = first_self_connection(trace);
  const AttemptLog& attempts = trace.attempts;
  return {
      {"name", phase_name(trace.phase)},
      {"destination", destination_json(trace.destination)},
      {"control", is_control(trace.phase)},
      {"forced", trace.forced},
      {"attempts", attempts.total},
      {"self_connects", attempts.self_connected},
      {"refused", attempts.refused},
      {"accepted", attempts.accepted},
      {"pending", attempts.pending},
      {"first_self_connect_attempt", first != nullptr ? Json(first->number) : Json(nullptr)},
      {"first_self_connect_ms", first != nullptr ? Json(milliseconds(decided_at(*first))) : Json(nullptr)},
      {"ended", ended_json(trace.ended)},
      {"duration_ms", milliseconds(trace.ended.at)},
      {"output", {{"stdout_bytes", trace.out.total}, {"stderr_bytes", trace.err.total}}},
      {"left_behind", strings_json(trace.left_behind)},
      {"packets", trace.packets},
      {"packets_lost", trace.packets_lost},
      {"packets_left_out", trace.packets_left_out},
      {"counters", counters_json(trace.counters)}};
}

Json phases_json(const Run& run) {
  Json phases = Json::array();
  for (const Trace& trace : run.traces) {
    phases.push_back(phase_json(trace));
    add_schedule(phases.back(), trace);
  }
  return phases;
}

Json not_run_json(const Run& run) {
  Json list = Json::array();
  for (const auto& [phase, reason] : run.not_run) {
    list.push_back({{"name", phase_name(phase)}, {"reason", valid_utf8(reason)}});
  }
  return list;
}

Json value_json(const EvidenceValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, Bytes>) {
          return {{"text", escape_bytes(held.data)}, {"hex", hex_text(held.data)}, {"total", held.total}};
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return valid_utf8(held);
        } else {
          return held;
        }
      },
      value);
}

Json finding_json(const Finding& finding) {
  Json evidence = Json::object();
  for (const auto& [key, value] : finding.evidence) evidence[valid_utf8(key)] = value_json(value);
  return {{"rule", valid_utf8(finding.rule)},
          {"level", level_name(finding.level)},
          {"phase", phase_name(finding.phase)},
          {"destination", destination_json(finding.destination)},
          {"counted", finding.counted},
          {"message", valid_utf8(finding.message)},
          {"evidence", evidence}};
}

Json findings_json(const Judgement& judgement) {
  Json findings = Json::array();
  for (const Finding& finding : judgement.findings) findings.push_back(finding_json(finding));
  return findings;
}

}  // namespace

std::string json_report(const Run& run, const Judgement& judgement) {
  Json report = {{"schema", "selfconnect.check/1"}, {"verdict", verdict_name(judgement.verdict)}};
  if (judgement.verdict == Verdict::kSkip || judgement.verdict == Verdict::kError) {
    report["reason"] = valid_utf8(judgement.reason);
  }
  report["seed"] = run.seed;
  report["command"] = strings_json(run.command);
  report["target"] = {{"kind", kind_name(run.kind)}};
  report["world"] = world_json(run);
  report["destinations"] = destinations_json(run);
  report["rules"] = rules_json(judgement);
  report["phases"] = phases_json(run);
  report["not_run"] = not_run_json(run);
  report["findings"] = findings_json(judgement);
  return report.dump(2) + "\n";
}

}  // namespace selfconnect
