// SPDX-License-Identifier: MIT
#include "harness/cli/fuzz_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/campaign/board.h"
#include "harness/cli/check_call.h"
#include "harness/cli/option_values.h"
#include "harness/cli/shared_options.h"
#include "harness/sys/duration.h"
#include "harness/trace/secret_finder.h"

namespace selfconnect {

namespace {

constexpr std::uint64_t kMostFuzzEvents = 1024;
constexpr std::string_view kDefaultOut = "selfconnect-fuzz";

const CommandText kText = {.name = "fuzz",
                           .summary =
                               "Look for orders of events - refused, connected to itself, served, reset, ... "
                               "- that a client does not\n"
                               "survive. What is found is confirmed, shrunk to the shortest schedule and "
                               "saved with the command that shows it\nagain. Ends with Ctrl-C, where no "
                               "limit is given, and goes on from its corpus when started again.",
                           .usage = "[options] -- CMD [ARG ...]",
                           .example =
                               "  selfconnect fuzz --duration 5m -- ./client {host} {port}\n"
                               "  selfconnect fuzz --until-finding --success '^PONG' --server 'redis-server "
                               "--port {port}' -- redis-cli -p {port} PING\n"};

struct Given {
  std::optional<std::string> corpus, duration, runs, workers, most_events, json;
  bool until_finding = false;
  bool fresh = false;
};

void declare(CommandParser& parser, Given& given) {
  parser.option({"--duration", "DUR", "End after this time: 30s, 10m, 8h"}, given.duration);
  parser.option({"--runs", "N", "End after so many schedules"}, given.runs);
  parser.flag({"--until-finding", "", "End with the first confirmed finding that --fail-on counts"},
              given.until_finding);
  parser.option({"--corpus", "DIR", "Schedules to begin with, and where new ones go [OUT/corpus]"},
                given.corpus);
  parser.option({"--workers", "N", "So many at a time [two per core]"}, given.workers);
  parser.option({"--max-events", "N", "Longest schedule that is made up, in attempts [64]"},
                given.most_events);
  parser.flag({"--fresh", "", "A fresh world for each run: slower"}, given.fresh);
  parser.option({"--json", "FILE", "Write the result as JSON (- is standard output)"}, given.json);
}

Parsed<void> check_whole(const CommandParser& parser, const FuzzCall& call) {
  if (call.workers > kMostWorkers)
    return parser.wrong(
        fmt::format("--workers: {} are too many: expected at most {}", call.workers, kMostWorkers));
  if (call.most_events > kMostFuzzEvents) {
    return parser.wrong(
        fmt::format("--max-events: {} are too many: expected at most {}", call.most_events, kMostFuzzEvents));
  }
  if (call.json && call.json->empty()) return parser.wrong("--json needs a file name");
  return {};
}

// Options of the campaign, and of reports: a replay wants its own.
constexpr std::array<std::string_view, 10> kOwn = {
    "--duration",   "--runs",  "--until-finding", "--corpus", "--workers",
    "--max-events", "--fresh", "--json",          "--out",    "--seed"};

}  // namespace

Parsed<FuzzCall> parse_fuzz_call(std::span<const std::string> arguments, std::size_t cores) {
  CommandParser parser(kText);
  Given given;
  declare(parser, given);
  auto check = parse_check_call(parser, arguments, {},
                                {.out = "Corpus, findings and logs go there [selfconnect-fuzz]",
                                 .example = "selfconnect fuzz -- ./client {host} {port}",
                                 .own_schedules = true});
  if (!check) return std::unexpected(check.error());
  if (check->options.family == FamilyChoice::kBoth)
    return parser.wrong("--family: a campaign dials one address: expected 4 or 6");
  if (!check->options.judge.required.empty())
    return parser.wrong(
        "--require: no single run of a campaign has to judge a rule: expected it with check or replay");

  FuzzCall call{.options = std::move(check->options),
                .seed = check->seed,
                .directory = {},
                .duration = {},
                .runs = {},
                // A run waits as long as it computes.
                .workers = std::clamp<std::size_t>(2 * cores, 1, kMostWorkers),
                .most_events = 64,
                .until_finding = given.until_finding,
                .worlds = given.fresh ? ScheduleRunner::Worlds::kFresh : ScheduleRunner::Worlds::kRecycled,
                .json = given.json,
                .given = parser.given(),
                .given_command = {}};
  if (const auto dashes = std::ranges::find(arguments, "--"); dashes != arguments.end())
    call.given_command.assign(dashes + 1, arguments.end());
  call.directory.root = std::exchange(call.options.out, {});
  if (call.directory.root.empty()) call.directory.root = kDefaultOut;
  call.directory.corpus = call.directory.root / "corpus";
  Values values(parser);
  values.take("--corpus", given.corpus, parse_path, call.directory.corpus);
  values.take("--duration", given.duration, parse_duration, call.duration);
  values.take("--runs", given.runs, parse_count, call.runs);
  values.take("--workers", given.workers, parse_count, call.workers);
  values.take("--max-events", given.most_events, parse_count, call.most_events);
  if (values.stop()) return std::unexpected(*values.stop());
  if (auto whole = check_whole(parser, call); !whole) return std::unexpected(whole.error());
  return call;
}

CommandLine command_to_replay(const FuzzCall& call, const std::string& directory) {
  CommandLine words = {"selfconnect", "replay", directory};
  for (const auto& [name, value] : call.given) {
    if (std::ranges::find(kOwn, name) != kOwn.end()) continue;
    words.push_back(value && value->starts_with('-') ? name + '=' + *value : name);
    if (value && !value->starts_with('-')) words.push_back(*value);
  }
  if (!call.given_command.empty()) words.emplace_back("--");
  words.insert(words.end(), call.given_command.begin(), call.given_command.end());
  for (std::string& word : words) black_out(word, call.options.secrets);
  return words;
}

std::vector<std::string> with_seed(const FuzzCall& call, std::span<const std::string> arguments,
                                   std::uint64_t seed) {
  std::vector<std::string> words(arguments.begin(), arguments.end());
  if (!call.seed) words.insert(words.begin(), {"--seed", fmt::format("{}", seed)});
  return words;
}

}  // namespace selfconnect
