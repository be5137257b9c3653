// One worker's work, without the engine that makes up the inputs: plays a schedule, tells what the target did as counters,
// and follows up what the rules found - confirms it, shrinks the schedule, saves it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "harness/campaign/board.h"
#include "harness/campaign/finding_key.h"
#include "harness/campaign/finding_store.h"
#include "harness/campaign/worker_message.h"
#include "harness/check/schedule_runner.h"

namespace selfconnect {

// What a tester stands on. All must outlive it.
struct TesterParts {
  std::function<CheckResult(const Schedule&, ScheduleRunner::Depth)> play;
  std::function<std::string(const CheckResult&)> report;  // report.json of a finding
  std::function<std::string(const std::string& directory)> replay_command;
  std::function<void(const WorkerMessage&)> say;
  // After the run of a new schedule, and not after those that confirm and shrink.
  std::function<void()> played;
  // Why the target was ended while it played; asked once after each run.
  std::function<std::optional<std::string>()> contained;
};

class ScheduleTester {
 public:
  ScheduleTester(TesterParts parts, FindingStore store, Board& board, WorkerCell& cell, std::uint64_t seed);

  enum class Ran {
    kPlayed,
    kRejected,  // the input is no schedule
    kOver,      // nothing more is to be played
  };
  // Raises counters[feature % size] for each feature of what the target did.
  Ran test(std::string_view input, std::span<std::uint8_t> counters);

 private:
  std::optional<CheckResult> play(const Schedule& schedule, ScheduleRunner::Depth depth);
  void follow_up(const Schedule& schedule, const CheckResult& result, const Finding& finding);
  void meet_again(const Schedule& schedule, const CheckResult& result, const Finding& finding,
                  const FindingKey& key);
  enum class Sighting { kFirst, kAgain };
  void settle(const Schedule& schedule, const CheckResult& result, const Finding& finding,
              const FindingKey& key, Sighting sighting);
  void confirm_and_save(const Schedule& schedule, const CheckResult& result, const Finding& finding,
                        const FindingKey& key, Sighting sighting);
  bool is_of_plainer_events(const Schedule& schedule, const CheckResult& result, const FindingKey& key,
                            ScheduleRunner::Depth depth);
  [[nodiscard]] bool improves(const SavedFinding& found) const;
  bool shows(const Schedule& schedule, const FindingKey& key, ScheduleRunner::Depth depth,
             std::optional<CheckResult>* last);
  [[nodiscard]] bool stopped() const { return board_.going == Going::kStop; }
  Ran fail(const CheckResult& result);
  Ran leave_unjudged(const CheckResult& result);
  void leave_unsaved(const std::string& name, const Error& why);

  TesterParts parts_;
  FindingStore store_;
  Board& board_;
  WorkerCell& cell_;
  std::uint64_t seed_;
  std::set<std::string> settled_;  // names of findings that need nothing more
  std::map<std::string, std::uint32_t> retries_;
  std::uint32_t errors_in_a_row_ = 0;
  std::uint32_t unjudged_in_a_row_ = 0;
  bool was_contained_ = false;  // the last run's target
  bool said_full_ = false;
};

}  // namespace selfconnect
