// A trace as JSON lines in order of time, and back.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "harness/trace/json_fields.h"
#include "harness/trace/trace_events.h"
#include "harness/trace/trace_json.h"

namespace selfconnect {

namespace {

constexpr std::string_view kSchema = "selfconnect.trace/1";

// Lines of one kind, in the order of the trace.
using Timed = std::vector<std::pair<Instant, std::string>>;

template <class Value>
Timed timed_lines(const std::vector<Value>& values) {
  Timed lines;
  lines.reserve(values.size());
  for (const Value& value : values) lines.emplace_back(value.at, one_line(trace_events::to_json(value)));
  return lines;
}

Timed timed_line(std::string_view name, const std::optional<Instant>& at) {
  if (!at) return {};
  return {{*at, one_line(trace_events::event(name, *at))}};
}

// Merges by time, and keeps the order within each kind whatever its times: loading must give the same trace.
void append_merged(std::string& text, const std::vector<Timed>& kinds) {
  std::vector<std::size_t> next(kinds.size(), 0);
  for (;;) {
    std::size_t earliest = kinds.size();
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      if (next[i] == kinds[i].size()) continue;
      if (earliest == kinds.size() || kinds[i][next[i]].first < kinds[earliest][next[earliest]].first) {
        earliest = i;
      }
    }
    if (earliest == kinds.size()) return;
    text += kinds[earliest][next[earliest]++].second + '\n';
  }
}

Json header(const Trace& trace) {
  Json json = {{"schema", kSchema}, {"phase", phase_name(trace.phase)}};
  if (trace.destination) json["destination"] = trace.destination->text();
  json["timeout_ns"] = trace.timeout.count();
  json["forced"] = trace.forced;
  if (trace.attempts_from != AttemptsFrom::kPackets) {
    json["attempts_from"] = attempts_from_name(trace.attempts_from);
  }
  if (has_schedule(trace.phase)) json["schedule"] = print(trace.schedule);
  return json;
}

void read_schedule(Fields& fields, Trace& trace) {
  std::string text;
  fields.read("schedule", text);
  if (fields.problem()) return;
  auto schedule = parse_schedule(text);
  if (!schedule) return fields.fail("schedule", "a schedule: " + schedule.error().message(text));
  trace.schedule = *std::move(schedule);
}

void read_header(Fields& fields, Trace& trace) {
  std::string schema;
  fields.read("schema", schema);
  if (schema != kSchema) return fields.fail("schema", fmt::format("\"{}\"", kSchema));
  fields.read("phase", trace.phase, phase_name, Phase::kSingleEvent);
  fields.read("destination", trace.destination);
  fields.read("timeout_ns", trace.timeout);
  fields.read("forced", trace.forced);
  fields.read("attempts_from", trace.attempts_from, attempts_from_name, AttemptsFrom::kCalls,
              Need::kOptional);
  if (has_schedule(trace.phase)) read_schedule(fields, trace);
}

void read_launch(Fields&, Trace&) {}
void read_unforced(Fields& fields, Trace& trace) { fields.read("at_ns", trace.unforced_at.emplace()); }
void read_stop_signal(Fields& fields, Trace& trace) { fields.read("at_ns", trace.stop_signal_at.emplace()); }
void read_left_behind(Fields& fields, Trace& trace) { fields.read("names", trace.left_behind); }
void read_packets(Fields& fields, Trace& trace) {
  fields.read("captured", trace.packets);
  fields.read("lost", trace.packets_lost);
  fields.read("left_out", trace.packets_left_out, Need::kOptional);
}

struct Reader {
  std::string_view event;
  void (*read)(Fields&, Trace&);
};
constexpr std::array<Reader, 16> kReaders = {{
    {"launch", read_launch},
    {"attempt", trace_events::read_attempt},
    {"socket", trace_events::read_socket},
    {"sample", trace_events::read_sample},
    {"bind_try", trace_events::read_bind_try},
    {"server", trace_events::read_server},
    {"scheduled", trace_events::read_scheduled},
    {"held", trace_events::read_held},
    {"unforced", read_unforced},
    {"stop_signal", read_stop_signal},
    {"ended", trace_events::read_ended},
    {"attempts", trace_events::read_totals},
    {"counters", trace_events::read_counters},
    {"output", trace_events::read_output},
    {"left_behind", read_left_behind},
    {"packets", read_packets},
}};

void read_event(Fields& fields, Trace& trace) {
  std::string name;
  fields.read("event", name);
  const auto* reader = std::ranges::find(kReaders, name, &Reader::event);
  if (reader == kReaders.end()) return fields.fail("event", "a known event");
  reader->read(fields, trace);
}

Error error_at(std::string_view name, std::size_t line, std::string_view problem) {
  return error(fmt::format("{}:{}: {}", name, line, problem));
}

}  // namespace

std::string trace_to_jsonl(const Trace& trace) {
  std::string text = one_line(header(trace)) + '\n';
  const Timed held = trace.held ? timed_lines(std::vector{*trace.held}) : Timed{};
  append_merged(
      text,
      {timed_line("launch", Instant::zero()), timed_lines(trace.attempts.kept), timed_lines(trace.sockets),
       timed_lines(trace.samples), timed_lines(trace.bind_tries), timed_lines(trace.server),
       timed_lines(trace.scheduled), held, timed_line("unforced", trace.unforced_at),
       timed_line("stop_signal", trace.stop_signal_at), timed_lines(std::vector{trace.ended})});
  Json left_behind = trace_events::event("left_behind");
  left_behind["names"] = texts_to_json(trace.left_behind);
  Json packets = trace_events::event("packets");
  packets["captured"] = trace.packets;
  packets["lost"] = trace.packets_lost;
  packets["left_out"] = trace.packets_left_out;
  for (const Json& json :
       {trace_events::totals_to_json(trace.attempts), trace_events::to_json(trace.counters),
        trace_events::output_to_json("stdout", trace.out), trace_events::output_to_json("stderr", trace.err),
        left_behind, packets}) {
    text += one_line(json) + '\n';
  }
  return text;
}

Result<Trace> trace_from_jsonl(std::string_view text, std::string_view name) {
  constexpr std::string_view kLastEvent = "packets";
  Trace trace;
  std::string last_event;
  std::size_t line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto json = parse_object(text.substr(0, end));
    if (!json) {
      return std::unexpected(
          error_at(name, line, fmt::format("{} at byte {}", json.error().what, json.error().byte)));
    }
    Fields fields(*json);
    if (line == 1) {
      read_header(fields, trace);
    } else {
      read_event(fields, trace);
      fields.read("event", last_event);
    }
    if (fields.problem()) return std::unexpected(error_at(name, line, *fields.problem()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (last_event != kLastEvent) return std::unexpected(error_at(name, line + 1, "ends too early"));
  return trace;
}

}  // namespace selfconnect
