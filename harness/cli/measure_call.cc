// SPDX-License-Identifier: MIT
#include "harness/cli/measure_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/cli/option_values.h"
#include "harness/cli/prediction_text.h"
#include "harness/cli/shared_options.h"
#include "harness/launch/command_line.h"
#include "harness/ports/allocator_model.h"
#include "harness/ports/port_sequence.h"
#include "harness/ports/prediction.h"
#include "harness/sys/duration.h"

namespace selfconnect {

namespace {

const CommandText kText = {
    .name = "measure",
    .summary =
        "Say how often and how soon a client connects to itself: it dials in a world of its own, in which "
        "nothing\nlistens, until there are enough attempts, hits or time. In CMD, {port} and {host} are "
        "replaced.",
    .usage = "[options] (--loop | -- CMD [ARG ...])",
    .example =
        "  selfconnect measure --loop --duration 10s --hits 100\n"
        "  selfconnect measure --policy sequential:49990-50010 -- redis-cli -p 50000 PING\n"
        "  selfconnect measure --trials 5 --json found.json -- ./client {host} {port}\n"};

struct Given {
  std::optional<std::string> policy, engine, port, host, range, attempts, hits, duration, trials, seed, json,
      csv, out;
  bool loop = false;
};

void declare(CommandParser& parser, Given& given) {
  parser.flag({"--loop", "", "A built-in loop that dials as fast as it can, in place of a command"},
              given.loop);
  parser.option(
      {"--policy", "P",
       "Who gets which port: kernel, force, sequential:FIRST[-LAST], random:SEED, or a kernel's name "
       "with or without :SEED [kernel]"},
      given.policy);
  parser.option({"--engine", "NAME", "What applies it: auto, range, hook, notify [auto]"}, given.engine);
  parser.option({"--port", "N", "{port} [50000]"}, given.port);
  parser.option({"--host", "ADDR", "{host} [127.0.0.1]"}, given.host);
  parser.option({"--range", "A-B", "The ephemeral range of the world [this machine's]"}, given.range);
  parser.option({"--attempts", "N", "End a trial after so many attempts"}, given.attempts);
  parser.option({"--hits", "N", "... after so many self-connections [1, where no limit is given]"},
                given.hits);
  parser.option({"--duration", "DUR", "... after this time [1m]"}, given.duration);
  parser.option({"--trials", "N", "So many trials, each in a fresh world [1]"}, given.trials);
  parser.option({"--seed", "N", "Of what is drawn at random [random, and printed]"}, given.seed);
  parser.option({"--json", "FILE", "Write the figures as JSON (- is standard output)"}, given.json);
  parser.option({"--out", "DIR", "Save the packets of each trial there, and the figures"}, given.out);
  parser.option({"--csv", "FILE", "Write a line for each trial as CSV (- is standard output)"}, given.csv);
}

Parsed<void> check_whole(const CommandParser& parser, const MeasureCall& call) {
  const MeasureOptions& options = call.options;
  if (call.loop && !options.command.empty())
    return parser.wrong("--loop and a command after -- are both given: expected one of the two");
  if (!call.loop && (options.command.empty() || options.command.front().empty())) {
    return parser.wrong(
        "no command: expected --loop, or a command after --, such as selfconnect measure -- redis-cli -p "
        "50000 PING");
  }
  if (call.json == "-" && call.csv == "-")
    return parser.wrong("--json - and --csv - both want standard output: expected one of them in a file");
  return {};
}

// Why the policy never gives a client the port that it dials, and what would.
struct NoHit {
  std::string reason;
  bool is_certain = true;
};

std::optional<NoHit> certain(std::string reason) { return NoHit{.reason = std::move(reason)}; }

std::optional<NoHit> why_no_hit(const MeasureCall& call, PolicyKind running) {
  const MeasureOptions& options = call.options;
  const PolicyKind kind = options.policy.kind;
  const std::uint16_t port = options.destination.port;
  if (kind == PolicyKind::kForce) return std::nullopt;
  if (kind == PolicyKind::kSequential) {
    const auto ports = port_cycle(options.policy, options.open);
    if (std::ranges::find(ports, port) != ports.end()) return std::nullopt;
    return certain(
        fmt::format("{} never hands out port {}: expected ports with {} among them, or another --port",
                    options.policy.text(), port, port));
  }
  const PredictionQuestion question{
      .model = is_model(kind) ? kind : running, .layout = options.open, .port = port, .until = {}};
  const Chance chance = chance_of(question);
  if (chance == Chance::kOutOfRange) {
    return certain(fmt::format(
        "port {} is outside the ephemeral range {}: expected another --port, or a --range with it", port,
        range_text(question)));
  }
  if (chance == Chance::kReserved) {
    return certain(
        fmt::format("port {} is reserved: expected another --port, or a --range, in which none is", port));
  }
  const auto parity = kind == PolicyKind::kRandom ? std::nullopt : parity_reason(question);
  if (!parity) return std::nullopt;
  if (kind != PolicyKind::kKernel || call.loop) return certain(*parity);
  // The kernel gives it ports of the other parity first (docs/ports.md).
  return NoHit{.reason = *parity + ", unless the client binds to port 0 before it dials",
               .is_certain = false};
}

}  // namespace

Parsed<MeasureCall> parse_measure_call(std::span<const std::string> arguments, const PortLayout& open,
                                       PolicyKind running) {
  CommandParser parser(kText);
  Given given;
  declare(parser, given);
  const auto dashes = std::ranges::find(arguments, "--");
  if (const auto parsed = parser.parse({arguments.begin(), dashes}); !parsed)
    return std::unexpected(parsed.error());

  MeasureCall call;
  call.loop = given.loop;
  call.json = given.json;
  call.csv = given.csv;
  MeasureOptions& options = call.options;
  options.open = open;
  options.destination = {Address::loopback(Family::kIpv4), kDefaultPort};
  std::optional<PortRange> range;
  Values values(parser);
  values.take("--policy", given.policy, parse_policy, options.policy);
  values.take("--engine", given.engine, parse_engine, options.engine);
  values.take("--port", given.port, parse_port_number, options.destination.port);
  values.take("--host", given.host, parse_host, options.destination.address);
  values.take("--range", given.range, parse_range, range);
  values.take("--attempts", given.attempts, parse_count, options.limits.attempts);
  values.take("--hits", given.hits, parse_count, options.limits.hits);
  values.take("--duration", given.duration, parse_duration, options.limits.duration);
  values.take("--trials", given.trials, parse_count, options.trials);
  values.take("--seed", given.seed, parse_seed, call.seed);
  values.take("--out", given.out, parse_path, options.out);
  if (values.stop()) return std::unexpected(*values.stop());
  options.other_range = range.has_value();
  if (!range && (options.policy.kind == PolicyKind::kFreebsd || options.policy.kind == PolicyKind::kMacos)) {
    const PortLayout theirs = default_layout(options.policy.kind);
    range = PortRange{theirs.low, theirs.high};
  }
  if (range) {
    options.open.low = range->low;
    options.open.high = range->high;
    options.open.reserved.clear();
  }
  if (!given.attempts && !given.hits && !given.duration) options.limits.hits = 1;
  if (given.duration) {
    options.first_attempt =
        std::max<std::chrono::nanoseconds>(options.first_attempt, *options.limits.duration);
  } else {
    options.limits.duration = std::chrono::minutes(1);
  }
  if (dashes != arguments.end()) options.command.assign(dashes + 1, arguments.end());
  if (auto whole = check_whole(parser, call); !whole) return std::unexpected(whole.error());
  if (const auto no_hit = why_no_hit(call, running)) {
    call.note = no_hit->reason;
    if (no_hit->is_certain && !given.attempts && !given.duration)
      return parser.wrong("no attempt can hit: " + no_hit->reason);
  }
  options.own_addresses = options.policy.kind == PolicyKind::kKernel && !given.host &&
                          (call.loop || has_placeholder(options.command, Placeholder::kHost));
  return call;
}

}  // namespace selfconnect
