// SPDX-License-Identifier: MIT
#include "harness/campaign/saved_finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace selfconnect {

namespace {

using Json = nlohmann::ordered_json;

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

std::string how_sure(const SavedFinding& finding) {
  if (finding.flaky()) {
    return fmt::format("**Flaky**: it was seen once, and in none of {} further runs of the same schedule.",
                       finding.confirmations);
  }
  std::string text =
      fmt::format("Confirmed: seen in {} of {} further runs.", finding.shown, finding.confirmations);
  if (!finding.minimal) text += " Shrinking was cut short: a shorter schedule may show it too.";
  return text;
}

}  // namespace

std::string to_json(const SavedFinding& finding) {
  const Json json = {{"schema", "selfconnect.finding/1"},
                     {"name", finding.name},
                     {"key", finding.key},
                     {"rule", finding.rule},
                     {"level", level_name(finding.level)},
                     {"message", finding.message},
                     {"schedule", finding.schedule},
                     {"first_schedule", finding.first_schedule},
                     {"seed", finding.seed},
                     {"flaky", finding.flaky()},
                     {"shown", finding.shown},
                     {"confirmations", finding.confirmations},
                     {"shrink_runs", finding.shrink_runs},
                     {"minimal", finding.minimal},
                     {"replay", finding.replay}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<SavedFinding> saved_finding_from_json(std::string_view text) try {
  const Json json = Json::parse(text);
  if (json.at("schema") != "selfconnect.finding/1")
    return std::unexpected(error("expected schema selfconnect.finding/1"));
  SavedFinding finding;
  json.at("name").get_to(finding.name);
  json.at("key").get_to(finding.key);
  json.at("rule").get_to(finding.rule);
  finding.level = json.at("level") == level_name(Level::kError) ? Level::kError : Level::kWarning;
  json.at("message").get_to(finding.message);
  json.at("schedule").get_to(finding.schedule);
  json.at("first_schedule").get_to(finding.first_schedule);
  json.at("seed").get_to(finding.seed);
  json.at("shown").get_to(finding.shown);
  json.at("confirmations").get_to(finding.confirmations);
  json.at("shrink_runs").get_to(finding.shrink_runs);
  json.at("minimal").get_to(finding.minimal);
  json.at("replay").get_to(finding.replay);
  return finding;
} catch (const Json::exception& failed) {
  return std::unexpected(error(failed.what()));
}

std::string finding_page(const SavedFinding& finding) {
  return fmt::format(
      "# {} ({})\n\n{}\n\n"
      "Attempt after attempt, this happened to the client:\n\n    {}\n\n"
      "{}\n\n"
      "See it again:\n\n    {}\n\n"
      "- `selfconnect rules {}` says what the rule means and what to do.\n"
      "- `report.json` is the report of the run, `schedule` the schedule alone.\n"
      "- Found with seed {}, first under: `{}`\n",
      finding.rule, level_name(finding.level), one_line(finding.message), finding.schedule, how_sure(finding),
      finding.replay, finding.rule, finding.seed, finding.first_schedule);
}

std::string schedule_file(const SavedFinding& finding) {
  return fmt::format("# {}: {}\n{}\n", finding.rule, one_line(finding.message), finding.schedule);
}

}  // namespace selfconnect
