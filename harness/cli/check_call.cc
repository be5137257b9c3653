// SPDX-License-Identifier: MIT
#include "harness/cli/check_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/cli/option_values.h"
#include "harness/cli/shared_options.h"
#include "harness/launch/command_line.h"
#include "harness/launch/target_file.h"
#include "harness/sys/duration.h"

namespace selfconnect {

namespace {

const CommandText kText = {.name = "check",
                           .summary =
                               "Force a client to connect to itself, and judge what it does. In CMD, {port} "
                               "and {host} are replaced.",
                           .usage = "[options] -- CMD [ARG ...]",
                           .example =
                               "  selfconnect check -- redis-cli -p 50000 PING\n"
                               "  selfconnect check --server 'redis-server --port {port}' --json report.json "
                               "-- redis-cli -p {port} PING\n"};

// The options as they were typed.
struct Given {
  std::optional<std::string> port, host, family, phases, schedule, engine, server, answer, timeout, seed,
      stdin_file, out, target;
  std::vector<std::string> secrets;
};

// What is forced, and how.
void declare_plan(CommandParser& parser, Given& given) {
  parser.option({"--phases", "LIST", "Some of refused,self-connect,bind,recover,healthy [all]"},
                given.phases);
  parser.option({"--schedule", "TEXT|@FILE",
                 "What happens to attempt 1, 2, 3 ..., instead of the phases: 'refuse*3 self serve' "
                 "(docs/schedules.md)"},
                given.schedule);
  parser.option({"--engine", "NAME", "How the port is forced: auto, range, hook, notify [auto]"},
                given.engine);
}

void declare(CommandParser& parser, const CheckVariant& variant, Given& given) {
  parser.option({"--target", "FILE", "Read the target from a TOML file (docs/target-file.md)"}, given.target);
  parser.option({"--port", "N", "{port}, and the only port that is forced [learned, or 50000]"}, given.port);
  parser.option({"--host", "ADDR", "{host}, and the only address that is forced [learned]"}, given.host);
  parser.option({"--family", "4|6|both", "The loopback address that {host} becomes without --host [4]"},
                given.family);
  if (!variant.own_schedules) declare_plan(parser, given);
  parser.option({"--server", "CMD", "The real server's command; {port} and {host} are replaced"},
                given.server);
  parser.option({"--answer", "STEPS",
                 "What the built-in server does, over and over: 'read:4 say:\"PONG\\n\"' [reads in silence]"},
                given.answer);
  parser.repeated({"--secret", "TEXT", "Must not be sent to itself; blacked out (repeatable)"},
                  given.secrets);
  parser.option({"--timeout", "DUR", "A phase's longest time: 500ms, 10s, 2m [10s]"}, given.timeout);
  parser.option({"--seed", "N", "Makes a run repeatable [random, and printed]"}, given.seed);
  parser.option({"--stdin", "FILE", "What the target reads [/dev/null]"}, given.stdin_file);
  parser.option({"--out", "DIR", std::string(variant.out)}, given.out);
}

Kind kind_from_name(std::string_view name) {
  for (const Kind kind : {Kind::kOneShot, Kind::kReconnector}) {
    if (kind_name(kind) == name) return kind;
  }
  return Kind::kUnknown;
}

void apply(const TargetFile& file, CheckOptions& options) {
  options.command = file.command;
  options.server = file.server;
  options.success_pattern = file.success;
  options.secrets = file.secrets;
  options.kind = kind_from_name(file.kind);
  options.stdin_file = file.stdin_file;
  options.timeout = file.timeout.value_or(options.timeout);
  options.host = file.host;
  options.port = file.port;
  options.limits = file.limits;
}

Parsed<void> apply(const CommandParser& parser, const Given& given, CheckCall& call) {
  CheckOptions& options = call.options;
  Values values(parser);
  values.take("--port", given.port, parse_port_number, options.port);
  values.take("--host", given.host, parse_host, options.host);
  values.take("--family", given.family, parse_family, options.family);
  values.take("--phases", given.phases, parse_phases, options.phases);
  values.take("--schedule", given.schedule, parse_schedule_option, options.schedule);
  values.take("--answer", given.answer, parse_answer, options.script);
  values.take("--engine", given.engine, parse_engine, options.engine);
  values.take("--server", given.server, split_command_line, options.server);
  values.take("--timeout", given.timeout, parse_duration, options.timeout);
  values.take("--seed", given.seed, parse_seed, call.seed);
  values.take("--stdin", given.stdin_file, parse_path, options.stdin_file);
  values.take("--out", given.out, parse_path, options.out);
  if (values.stop()) return std::unexpected(*values.stop());
  options.seed = call.seed.value_or(0);
  if (std::ranges::find(given.secrets, "") != given.secrets.end()) {
    return parser.wrong("--secret: the secret is empty: expected at least one character");
  }
  if (!given.secrets.empty()) options.secrets = given.secrets;
  return {};
}

// What no single option can tell.
Parsed<void> check_whole(const CommandParser& parser, const CheckVariant& variant, const Given& given,
                         const CheckOptions& options) {
  if (options.command.empty())
    return parser.wrong(fmt::format("no command: expected one after --, such as {}", variant.example));
  if (options.command.front().empty())
    return parser.wrong("the command after -- is empty: expected a program");
  if (given.family && options.host) {
    const auto family = options.host->family() == Family::kIpv4 ? FamilyChoice::kIpv4 : FamilyChoice::kIpv6;
    if (options.family != family) {
      return parser.wrong(fmt::format("--family {} does not go with host {}: expected one of the two",
                                      *given.family, options.host->text()));
    }
  }
  if (options.schedule && given.phases) {
    return parser.wrong("--phases does not go with --schedule: a schedule has its own phases");
  }
  if (options.schedule && options.engine != EngineChoice::kAuto && options.engine != EngineChoice::kNotify) {
    return parser.wrong(
        fmt::format("--engine {} does not go with --schedule, which stops every connect(): expected notify",
                    *given.engine));
  }
  if (!options.server.empty() && !options.script.empty()) {
    return parser.wrong("--answer is for the built-in server: expected it without --server");
  }
  return {};
}

}  // namespace

Parsed<CheckCall> parse_check_call(std::span<const std::string> arguments,
                                   std::span<const Reporter> reporters) {
  CommandParser parser(kText);
  return parse_check_call(parser, arguments, reporters);
}

Parsed<CheckCall> parse_check_call(CommandParser& parser, std::span<const std::string> arguments,
                                   std::span<const Reporter> reporters, const CheckVariant& variant) {
  Given given;
  declare(parser, variant, given);
  const SharedOptions shared(parser, reporters);
  const auto dashes = std::ranges::find(arguments, "--");
  if (const auto parsed = parser.parse({arguments.begin(), dashes}); !parsed)
    return std::unexpected(parsed.error());

  CheckCall call;
  if (given.target) {
    const auto file = load_target_file(*given.target);
    if (!file) return parser.wrong(file.error().message);
    apply(*file, call.options);
  }
  if (auto applied = apply(parser, given, call); !applied) return std::unexpected(applied.error());
  if (dashes != arguments.end()) call.options.command.assign(dashes + 1, arguments.end());
  auto success = shared.success();
  if (!success) return std::unexpected(success.error());
  if (!success->empty()) call.options.success_pattern = *success;
  auto judging = shared.judge_options();
  if (!judging) return std::unexpected(judging.error());
  call.options.judge = *judging;
  auto reports = shared.reports();
  if (!reports) return std::unexpected(reports.error());
  call.reports = std::move(*reports);
  if (auto whole = check_whole(parser, variant, given, call.options); !whole)
    return std::unexpected(whole.error());
  return call;
}

}  // namespace selfconnect
