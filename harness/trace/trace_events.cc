// SPDX-License-Identifier: MIT
#include "harness/trace/trace_events.h"

namespace selfconnect::trace_events {

namespace {

std::string_view side_name(Side side) { return side == Side::kTarget ? "target" : "peer"; }

void put(Json& json, std::string_view key, const std::optional<Instant>& at) {
  if (at) json[key] = at->count();
}

}  // namespace

Json event(std::string_view name) { return Json{{"event", name}}; }
Json event(std::string_view name, Instant at) { return Json{{"at_ns", at.count()}, {"event", name}}; }

Json to_json(const Attempt& attempt) {
  Json json = event("attempt", attempt.at);
  json["number"] = attempt.number;
  json["source"] = attempt.source.text();
  json["destination"] = attempt.destination.text();
  json["outcome"] = outcome_name(attempt.outcome);
  put(json, "decided_at_ns", attempt.decided_at);
  json["ending"] = ending_name(attempt.ending);
  put(json, "ended_at_ns", attempt.ended_at);
  if (attempt.ended_by) json["ended_by"] = side_name(*attempt.ended_by);
  json["sent"] = attempt.sent;
  json["received"] = attempt.received;
  put(json, "first_sent_at_ns", attempt.first_sent_at);
  if (!attempt.sent_head.empty()) json["sent_head"] = text_to_json(attempt.sent_head);
  if (!attempt.received_head.empty()) json["received_head"] = text_to_json(attempt.received_head);
  for (const SecretSighting& sighting : attempt.secrets) {
    json["secrets"].push_back({{"secret", sighting.secret},
                               {"encoding", text_to_json(sighting.encoding)},
                               {"stream_offset", sighting.stream_offset}});
  }
  return json;
}

void read_attempt(Fields& fields, Trace& trace) {
  Attempt& attempt = trace.attempts.kept.emplace_back();
  fields.read("at_ns", attempt.at);
  fields.read("number", attempt.number);
  fields.read("source", attempt.source);
  fields.read("destination", attempt.destination);
  fields.read("outcome", attempt.outcome, outcome_name, Outcome::kAccepted);
  fields.read("decided_at_ns", attempt.decided_at);
  fields.read("ending", attempt.ending, ending_name, Ending::kReset);
  fields.read("ended_at_ns", attempt.ended_at);
  if (fields.find("ended_by") != nullptr) {
    fields.read("ended_by", attempt.ended_by.emplace(), side_name, Side::kPeer);
  }
  fields.read("sent", attempt.sent);
  fields.read("received", attempt.received);
  fields.read("first_sent_at_ns", attempt.first_sent_at);
  fields.read("sent_head", attempt.sent_head, Need::kOptional);
  fields.read("received_head", attempt.received_head, Need::kOptional);
  fields.each("secrets", [&](Fields& sighting) {
    SecretSighting& seen = attempt.secrets.emplace_back();
    sighting.read("secret", seen.secret);
    sighting.read("encoding", seen.encoding);
    sighting.read("stream_offset", seen.stream_offset);
  });
}

Json totals_to_json(const AttemptLog& log) {
  Json json = event("attempts");
  json["total"] = log.total;
  json["refused"] = log.refused;
  json["self_connected"] = log.self_connected;
  json["accepted"] = log.accepted;
  json["pending"] = log.pending;
  put(json, "first_at_ns", log.first_at);
  put(json, "last_at_ns", log.last_at);
  return json;
}

void read_totals(Fields& fields, Trace& trace) {
  AttemptLog& log = trace.attempts;
  fields.read("total", log.total);
  fields.read("refused", log.refused);
  fields.read("self_connected", log.self_connected);
  fields.read("accepted", log.accepted);
  fields.read("pending", log.pending);
  fields.read("first_at_ns", log.first_at);
  fields.read("last_at_ns", log.last_at);
}

Json to_json(const SocketLine& line) {
  Json json = event("socket", line.at);
  json["state"] = tcp_state_name(line.state);
  json["local"] = line.local.text();
  json["remote"] = line.remote.text();
  json["inode"] = line.inode;
  json["receive_queue"] = line.receive_queue;
  json["send_queue"] = line.send_queue;
  return json;
}

namespace {

void read_socket_line(Fields& fields, SocketLine& line) {
  fields.read("at_ns", line.at);
  std::string state;
  fields.read("state", state);
  if (const auto known = tcp_state_from_name(state)) {
    line.state = *known;
  } else {
    fields.fail("state", "a TCP state as ss prints it");
  }
  fields.read("local", line.local);
  fields.read("remote", line.remote);
  fields.read("inode", line.inode);
  fields.read("receive_queue", line.receive_queue);
  fields.read("send_queue", line.send_queue);
}

}  // namespace

void read_socket(Fields& fields, Trace& trace) { read_socket_line(fields, trace.sockets.emplace_back()); }

Json to_json(const ProcessSample& sample) {
  Json json = event("sample", sample.at);
  json["attempts"] = sample.attempts;
  json["pid"] = sample.pid;
  json["name"] = text_to_json(sample.name);
  json["state"] = text_to_json({&sample.state, 1});
  json["descriptors"] = sample.descriptors;
  json["resident_bytes"] = sample.resident_bytes;
  json["cpu_ns"] = sample.cpu.count();
  return json;
}

void read_sample(Fields& fields, Trace& trace) {
  ProcessSample& sample = trace.samples.emplace_back();
  fields.read("at_ns", sample.at);
  fields.read("attempts", sample.attempts);
  fields.read("pid", sample.pid);
  fields.read("name", sample.name);
  std::string state;
  fields.read("state", state);
  if (state.size() == 1) {
    sample.state = state.front();
  } else {
    fields.fail("state", "one character");
  }
  fields.read("descriptors", sample.descriptors);
  fields.read("resident_bytes", sample.resident_bytes);
  fields.read("cpu_ns", sample.cpu);
}

Json to_json(const BindTry& bind_try) {
  Json json = event("bind_try", bind_try.at);
  json["endpoint"] = bind_try.endpoint.text();
  json["reuse_address"] = bind_try.reuse_address;
  json["error"] = bind_try.error;
  json["target_alive"] = bind_try.target_alive;
  if (bind_try.blocker) json["blocker"] = to_json(*bind_try.blocker);
  return json;
}

void read_bind_try(Fields& fields, Trace& trace) {
  BindTry& bind_try = trace.bind_tries.emplace_back();
  fields.read("at_ns", bind_try.at);
  fields.read("endpoint", bind_try.endpoint);
  fields.read("reuse_address", bind_try.reuse_address);
  fields.read("error", bind_try.error);
  fields.read("target_alive", bind_try.target_alive);
  const Json* blocker = fields.find("blocker");
  if (blocker == nullptr) return;
  if (!blocker->is_object()) return fields.fail("blocker", "an object");
  Fields line(*blocker);
  read_socket_line(line, bind_try.blocker.emplace());
  if (line.problem()) fields.fail(*line.problem());
}

Json to_json(const ServerEvent& server) {
  Json json = event("server", server.at);
  json["what"] = server_event_name(server.what);
  json["detail"] = text_to_json(server.detail);
  return json;
}

void read_server(Fields& fields, Trace& trace) {
  ServerEvent& server = trace.server.emplace_back();
  fields.read("at_ns", server.at);
  fields.read("what", server.what, server_event_name, ServerEvent::What::kEnded);
  fields.read("detail", server.detail);
}

Json to_json(const Ended& ended) {
  Json json = event("ended", ended.at);
  json["how"] = ended_name(ended.how);
  json["code"] = ended.code;
  if (!ended.stop_reason.empty()) json["stop_reason"] = text_to_json(ended.stop_reason);
  return json;
}

void read_ended(Fields& fields, Trace& trace) {
  Ended& ended = trace.ended;
  fields.read("at_ns", ended.at);
  fields.read("how", ended.how, ended_name, Ended::How::kStopped);
  fields.read("code", ended.code);
  fields.read("stop_reason", ended.stop_reason, Need::kOptional);
}

Json to_json(const TcpCounters& counters) {
  Json json = event("counters");
  json["active_opens"] = counters.active_opens;
  json["passive_opens"] = counters.passive_opens;
  json["attempt_fails"] = counters.attempt_fails;
  json["in_segs"] = counters.in_segs;
  json["out_segs"] = counters.out_segs;
  json["out_rsts"] = counters.out_rsts;
  return json;
}

void read_counters(Fields& fields, Trace& trace) {
  TcpCounters& counters = trace.counters;
  fields.read("active_opens", counters.active_opens);
  fields.read("passive_opens", counters.passive_opens);
  fields.read("attempt_fails", counters.attempt_fails);
  fields.read("in_segs", counters.in_segs);
  fields.read("out_segs", counters.out_segs);
  fields.read("out_rsts", counters.out_rsts);
}

Json output_to_json(std::string_view stream, const OutputText& output) {
  Json json = event("output");
  json["stream"] = stream;
  json["total"] = output.total;
  json["head"] = text_to_json(output.head);
  if (!output.tail.empty()) json["tail"] = text_to_json(output.tail);
  return json;
}

void read_output(Fields& fields, Trace& trace) {
  std::string stream;
  fields.read("stream", stream);
  if (stream != "stdout" && stream != "stderr") return fields.fail("stream", "stdout or stderr");
  OutputText& output = stream == "stdout" ? trace.out : trace.err;
  fields.read("total", output.total);
  fields.read("head", output.head);
  fields.read("tail", output.tail, Need::kOptional);
}

}  // namespace selfconnect::trace_events
