// SPDX-License-Identifier: MIT
#include "harness/report/fuzz_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

// To whole seconds, so that the line does not flicker.
std::string clock_text(std::chrono::nanoseconds time) {
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(time).count());
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

std::string level_text(const CampaignFinding& finding, const ConsoleStyle& style) {
  if (finding.saved.flaky()) return inked(style, Ink::kFaint, "flaky");
  return inked(style, finding.saved.level == Level::kError ? Ink::kFail : Ink::kWarning,
               level_name(finding.saved.level));
}

std::string why_ended(const CampaignResult& result) {
  switch (result.end) {
    case CampaignEnd::kTime:
      return "time is up";
    case CampaignEnd::kRuns:
      return "all runs are done";
    case CampaignEnd::kFinding:
      return "a finding is confirmed";
    case CampaignEnd::kInterrupted:
      return "interrupted";
    case CampaignEnd::kFailed:
      return "failed";
  }
  return {};
}

std::string details(const CampaignFinding& finding, const ConsoleStyle& style) {
  const SavedFinding& saved = finding.saved;
  std::string text =
      fmt::format("\n  {} {}{}\n", level_text(finding, style), inked(style, Ink::kBold, saved.rule),
                  finding.is_new ? "" : " (known from before)");
  text += hanging("    ", visible(saved.message), style.width);
  // On a line of its own, whole, so that it can be copied.
  text += fmt::format("    schedule  {}\n    replay    {}\n", saved.schedule, visible(saved.replay));
  return text;
}

}  // namespace

std::string fuzz_progress_line(const FuzzState& state) {
  std::string line = fmt::format("{}, {}/s, corpus {}, {}", counted(state.runs, "run"),
                                 grouped(static_cast<std::uint64_t>(state.runs_per_second + 0.5)),
                                 grouped(state.inputs), counted(state.findings, "finding"));
  if (state.left) return line + fmt::format(", {} left", clock_text(*state.left));
  if (state.runs_left) return line + fmt::format(", {} left", counted(*state.runs_left, "run"));
  return line + fmt::format(", {}, Ctrl-C ends it", clock_text(state.elapsed));
}

std::string campaign_finding_line(const CampaignFinding& finding, const std::string& directory,
                                  const ConsoleStyle& style) {
  return fmt::format("{} {}: {}  ({}/findings/{})\n", level_text(finding, style),
                     inked(style, Ink::kBold, finding.saved.rule), finding.saved.schedule, visible(directory),
                     finding.saved.name);
}

std::string campaign_text(const CampaignResult& result, const ConsoleStyle& style) {
  const auto seen = std::ranges::count_if(result.findings, &CampaignFinding::seen);
  std::string text = fmt::format(
      "selfconnect fuzz: {}: {} in {} ({}/s, {}), corpus {}, {}, seed {}\n", why_ended(result),
      counted(result.runs, "run"), duration_text(result.elapsed),
      grouped(static_cast<std::uint64_t>(result.runs_per_second() + 0.5)), counted(result.workers, "worker"),
      grouped(result.inputs),
      inked(style, seen > 0 ? Ink::kFail : Ink::kPass, counted(static_cast<std::uint64_t>(seen), "finding")),
      result.seed);
  for (const CampaignFinding& finding : result.findings) {
    if (finding.seen) text += details(finding, style);
  }
  const auto unseen = result.findings.size() - static_cast<std::size_t>(seen);
  if (unseen > 0) {
    text += hanging(
        "  ",
        fmt::format("{} of an earlier campaign {} not met again: see {}/findings", counted(unseen, "finding"),
                    unseen == 1 ? "was" : "were", visible(result.directory)),
        style.width);
  }
  if (!result.unsettled.empty()) {
    text += hanging("  ",
                    fmt::format("{} seen and not yet confirmed: started again, the campaign begins there",
                                counted(result.unsettled.size(), "finding")),
                    style.width);
  }
  if (result.unjudged > 0) {
    text += hanging(
        "  ", fmt::format("{} said nothing of the target: see the notes", counted(result.unjudged, "run")),
        style.width);
  }
  if (result.contained > 0) {
    text += hanging("  ",
                    fmt::format("{} in which the target took too much and was ended: they are not judged",
                                counted(result.contained, "run")),
                    style.width);
  }
  return text;
}

}  // namespace selfconnect
