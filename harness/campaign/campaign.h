// A campaign: many runs of one target under schedules that are made up, by a worker process per core, until time, runs or a
// finding end it. This is the process that the user started; the workers are this program again (schedule_tester.h).
//
//   selfconnect fuzz --+-- worker 0 --- worlds, targets        DIR/corpus/    inputs, libFuzzer's form, shared
//                      +-- worker 1 --- worlds, targets        DIR/findings/  a directory each (finding_store.h)
//     board (memory): go on? how many runs                     DIR/worker-N.log
//     orders (pipe to each): 'i' interrupts; its end ends the worker
//     messages (pipe from each): lines (worker_message.h)
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/campaign/campaign_result.h"
#include "harness/campaign/worker_message.h"
#include "harness/sys/error.h"

namespace selfconnect {

// The directory of --out, and what is where in it.
struct CampaignDirectory {
  std::filesystem::path root;
  std::filesystem::path corpus;  // root/corpus, where --corpus does not say otherwise

  [[nodiscard]] std::filesystem::path findings() const { return root / "findings"; }
  [[nodiscard]] std::filesystem::path log(std::size_t worker) const;
};

struct CampaignOptions {
  CampaignDirectory directory;
  std::function<std::vector<std::string>(std::size_t worker)> worker_command;  // argv, by number from 0
  std::size_t workers = 1;
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<std::uint64_t> runs;
  bool until_finding = false;  // of `level` or above
  Level level = Level::kError;
};

struct CampaignProgress {
  std::uint64_t runs = 0;
  double runs_per_second = 0;  // of late
  std::size_t inputs = 0;
  std::size_t findings = 0;  // met in this campaign
  std::chrono::nanoseconds elapsed{};
};

// Hears of a campaign while it goes on, on the thread that called run_campaign().
class CampaignObserver {
 public:
  virtual ~CampaignObserver() = default;
  virtual void progress(const CampaignProgress& /*progress*/) {}
  virtual void found(const CampaignFinding& /*finding*/) {}
  virtual void noted(const std::string& /*note*/) {}
};

// Makes the root, and sees that it can be written. The error names it.
Result<void> make_directory(const std::filesystem::path& root);

// The error is one of ours: a directory, a process that cannot be made. What workers say of theirs is in the result.
Result<CampaignResult> run_campaign(const CampaignOptions& options, CampaignObserver& observer);

}  // namespace selfconnect
