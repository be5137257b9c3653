// The directory of --out: made before anything is started, so that nothing is lost, and free of an older run's phases.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/sys/error.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// Makes the directory, if there is none, and says whether one can write in it.
Result<void> make_out(const std::filesystem::path& directory);

// The same for a run. Phase directories of an older run are removed; nothing else is.
Result<void> prepare_out(const std::filesystem::path& directory);

// One file, whole. The error names it.
Result<void> write_whole_file(const std::filesystem::path& file, std::string_view text);

}  // namespace selfconnect
