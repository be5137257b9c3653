// The events of a trace.jsonl, one JSON object each: written and read. docs/trace.md lists their members.
// Used by trace_json only. Those of a phase with a schedule are in schedule_events.cc.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "harness/trace/json_fields.h"
#include "harness/trace/trace.h"

namespace selfconnect::trace_events {

[[nodiscard]] Json event(std::string_view name);
[[nodiscard]] Json event(std::string_view name, Instant at);

[[nodiscard]] Json to_json(const Attempt& attempt);
[[nodiscard]] Json to_json(const SocketLine& line);
[[nodiscard]] Json to_json(const ProcessSample& sample);
[[nodiscard]] Json to_json(const BindTry& bind_try);
[[nodiscard]] Json to_json(const ServerEvent& server);
[[nodiscard]] Json to_json(const ScheduledAttempt& attempt);
[[nodiscard]] Json to_json(const HeldSockets& held);
[[nodiscard]] Json to_json(const Ended& ended);
[[nodiscard]] Json to_json(const TcpCounters& counters);
[[nodiscard]] Json totals_to_json(const AttemptLog& log);  // its counts
[[nodiscard]] Json output_to_json(std::string_view stream, const OutputText& output);

// Each adds what it reads to the trace; problems stay in the fields.
void read_attempt(Fields& fields, Trace& trace);
void read_totals(Fields& fields, Trace& trace);
void read_socket(Fields& fields, Trace& trace);
void read_sample(Fields& fields, Trace& trace);
void read_bind_try(Fields& fields, Trace& trace);
void read_server(Fields& fields, Trace& trace);
void read_scheduled(Fields& fields, Trace& trace);
void read_held(Fields& fields, Trace& trace);
void read_ended(Fields& fields, Trace& trace);
void read_counters(Fields& fields, Trace& trace);
void read_output(Fields& fields, Trace& trace);

}  // namespace selfconnect::trace_events
