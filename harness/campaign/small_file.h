// Files that are read and written whole.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "harness/sys/error.h"

namespace selfconnect {

// A regular file of at most `largest` bytes. The error names it.
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t largest);

// Made or replaced; a file that could not be written whole (no space left) is an error that names it.
Result<void> write_small_file(const std::filesystem::path& file, std::string_view text);

}  // namespace selfconnect
