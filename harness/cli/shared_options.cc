// SPDX-License-Identifier: MIT
#include "harness/cli/shared_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/cli/option_values.h"
#include "harness/sys/pattern.h"

namespace selfconnect {

SharedOptions::SharedOptions(CommandParser& parser, std::span<const Reporter> reporters)
    : parser_(parser), reporters_(reporters), paths_(reporters.size()) {
  parser.option({"--success", "REGEX", "The target's output matches it when it succeeded"}, success_);
  parser.option({"--fail-on", "LEVEL", "Findings that fail the run: error, warning, never [error]"},
                fail_on_);
  parser.repeated({"--require", "RULE", "Skip, not pass, where RULE could not be judged (repeatable)"},
                  required_);
  for (std::size_t i = 0; i < reporters.size(); ++i) {
    parser.option({fmt::format("--{}", reporters[i].name), "FILE", std::string(reporters[i].help)},
                  paths_[i]);
  }
}

Parsed<JudgeOptions> SharedOptions::judge_options() const {
  JudgeOptions options;
  const auto fail_on = value_of(parser_, "--fail-on", fail_on_, parse_fail_on);
  if (!fail_on) return std::unexpected(fail_on.error());
  options.fail_on = fail_on->value_or(options.fail_on);
  for (const std::string& id : required_) {
    const auto rule = parse_rule_id(id);
    if (!rule) return parser_.wrong(fmt::format("--require: {}", rule.error().message));
    options.required.push_back(*rule);
  }
  return options;
}

Parsed<std::vector<ReportRequest>> SharedOptions::reports() const {
  std::vector<ReportRequest> requests;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (!paths_[i]) continue;
    if (paths_[i]->empty()) return parser_.wrong(fmt::format("--{} needs a file name", reporters_[i].name));
    const auto same = std::ranges::find(requests, *paths_[i], &ReportRequest::path);
    if (same != requests.end()) {
      return parser_.wrong(fmt::format("--{} and --{} name the same file '{}': expected two",
                                       same->reporter->name, reporters_[i].name, same->path));
    }
    requests.push_back({&reporters_[i], *paths_[i]});
  }
  return requests;
}

Parsed<std::string> SharedOptions::success() const {
  if (!success_) return std::string();
  if (const auto checked = Pattern::compile(*success_); !checked) {
    return parser_.wrong(fmt::format("--success: {}", checked.error().message));
  }
  return *success_;
}

}  // namespace selfconnect
