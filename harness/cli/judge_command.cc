// selfconnect judge: judge a saved run again, with the rules of this version.
// SPDX-License-Identifier: MIT
#include "harness/cli/commands.h"
#include "harness/cli/outcome.h"
#include "harness/cli/shared_options.h"
#include "harness/trace/trace_json.h"

namespace selfconnect {

namespace {

const CommandText kText = {
    .name = "judge",
    .summary = "Judge a run that check saved with --out DIR again. Nothing is started.",
    .usage = "[options] DIR",
    .example = "  selfconnect judge out --success PONG --fail-on warning\n"};

struct JudgeCall {
  std::string directory;
  std::string success;
  JudgeOptions options;
  std::vector<ReportRequest> reports;
};

Parsed<JudgeCall> parse_judge_call(Arguments arguments, std::span<const Reporter> reporters) {
  CommandParser parser(kText);
  std::optional<std::string> directory;
  parser.positional({"DIR", "", "What --out DIR saved"}, directory);
  const SharedOptions shared(parser, reporters);
  if (const auto parsed = parser.parse(arguments); !parsed) return std::unexpected(parsed.error());
  if (!directory || directory->empty()) {
    return parser.wrong("no directory: expected one that selfconnect check --out DIR made");
  }
  auto success = shared.success();
  if (!success) return std::unexpected(success.error());
  auto options = shared.judge_options();
  if (!options) return std::unexpected(options.error());
  auto reports = shared.reports();
  if (!reports) return std::unexpected(reports.error());
  return JudgeCall{*directory, std::move(*success), std::move(*options), std::move(*reports)};
}

}  // namespace

int judge_command(Arguments arguments, std::span<const Reporter> reporters) {
  const auto call = parse_judge_call(arguments, reporters);
  if (!call) return stopped(call.error());
  auto run = load(call->directory);
  if (!run) return failed(run.error());
  const auto files = ReportFiles::open(call->reports);
  if (!files) return failed(files.error());
  if (!call->success.empty()) run->success_pattern = call->success;
  return reported(*run, judge(*run, call->options), call->options.fail_on, *files);
}

}  // namespace selfconnect
