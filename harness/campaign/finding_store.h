// The directory DIR/findings of a campaign: one directory per finding, claimed by whoever makes it first, so that the
// workers share it without a lock.
//
//   KEY/found           the schedule that showed it first: there as soon as it is claimed
//   KEY/owner           the worker that has claimed it, until it is saved
//   KEY/schedule        the shortest one
//   KEY/report.json     the report of that run
//   KEY/finding.md      for a person
//   KEY/finding.json    for a program. Comes last: without it the finding is half-written
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/campaign/saved_finding.h"
#include "harness/sys/error.h"

namespace selfconnect {

// Findings kept at most. A campaign with more has other worries, and the disk is not the target's to fill.
inline constexpr std::size_t kMostFindings = 256;

class FindingStore {
 public:
  // Makes the directory. `owner`: the worker for whom claims are made. The error names the directory.
  static Result<FindingStore> open(std::filesystem::path directory, std::size_t owner = 0);

  // Removes what has been left half-written, and gives the schedules that showed it: before the workers start, or of one worker that
  // has died.
  [[nodiscard]] std::vector<std::string> take_unfinished(std::optional<std::size_t> owner = {}) const;
  [[nodiscard]] std::vector<std::string> unfinished() const;  // names

  enum class Claim {
    kMine,   // the caller is to save it, or to abandon it
    kKnown,  // another has it, from now or from before
    kFull,   // there are kMostFindings
  };
  [[nodiscard]] Result<Claim> claim(const std::string& name, std::string_view first_schedule) const;
  Result<void> save(const SavedFinding& finding, std::string_view report) const;
  void abandon(const std::string& name) const;

  [[nodiscard]] bool is_saved(const std::string& name) const;
  [[nodiscard]] Result<SavedFinding> load(const std::string& name) const;
  [[nodiscard]] std::vector<SavedFinding> load_all() const;  // in order of name; without what cannot be read

  [[nodiscard]] std::filesystem::path directory_of(const std::string& name) const {
    return directory_ / name;
  }

 private:
  FindingStore(std::filesystem::path directory, std::size_t owner)
      : directory_(std::move(directory)), owner_(owner) {}
  [[nodiscard]] std::vector<std::string> names() const;

  std::filesystem::path directory_;
  std::size_t owner_;
};

}  // namespace selfconnect
