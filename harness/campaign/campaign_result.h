// What a campaign found. Values only.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/campaign/saved_finding.h"
#include "harness/judge/finding.h"

namespace selfconnect {

enum class CampaignEnd { kTime, kRuns, kFinding, kInterrupted, kFailed };
[[nodiscard]] std::string_view campaign_end_name(
    CampaignEnd end);  // "time", "runs", "finding", "interrupted", "failed"

struct CampaignFinding {
  SavedFinding saved;
  bool is_new = false;  // found by this campaign
  bool seen = false;    // met in this campaign; else it is one of an earlier one only

  bool operator==(const CampaignFinding&) const = default;
};

struct CampaignResult {
  std::vector<std::string> command;  // secrets blacked out
  std::uint64_t seed = 0;
  std::string directory;  // of --out
  std::string corpus;

  CampaignEnd end = CampaignEnd::kTime;
  // Of kFailed: skip (this machine cannot do it) or error (the harness failed), and why.
  std::optional<std::pair<Verdict, std::string>> failed;
  std::vector<CampaignFinding> findings;
  std::uint64_t runs = 0;
  std::uint64_t contained = 0;  // runs whose target took too much, and was ended
  std::uint64_t unjudged = 0;   // runs of new schedules that said nothing of the target
  std::size_t inputs = 0;       // in the corpus, at the end
  std::size_t workers = 0;
  std::chrono::nanoseconds elapsed{};
  std::vector<std::string> unsettled;  // seen, but the end came before they were confirmed: names
  std::vector<std::string> notes;

  [[nodiscard]] double runs_per_second() const;
};

}  // namespace selfconnect
