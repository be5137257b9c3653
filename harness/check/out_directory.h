// The directory of --out: made before anything is started, so that nothing is lost, and free of what an older run left.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/sys/error.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// What is saved in one.
struct SavedKind {
  std::string_view file;                               // by which it is known; empty until the run is over
  bool (*is_part)(const std::string& directory_name);  // of one run
};
extern const SavedKind kSavedRun;          // run.json and phases, "03-self-connect"
extern const SavedKind kSavedMeasurement;  // measurement.json and trials, "trial-3"

// Makes the directory and tries to write in it. The parts of an older run of that kind are removed; nothing else is.
Result<void> prepare_out(const std::filesystem::path& directory, const SavedKind& kind = kSavedRun);

// One file, whole. The error names it.
Result<void> write_whole_file(const std::filesystem::path& file, std::string_view text);

}  // namespace selfconnect
