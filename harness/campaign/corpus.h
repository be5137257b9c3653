// The corpus of a campaign, in libFuzzer's own form: a directory with one file per input, named by its SHA-1. An input is a
// schedule's text.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "harness/sys/error.h"

namespace selfconnect {

// Longest input: a schedule's text within the limits of a campaign stays below.
inline constexpr std::size_t kLongestInput = 4096;

// Makes the directory where it lacks, and sees that it can be listed and written. The error names it.
Result<void> open_corpus(const std::filesystem::path& directory);

// Reads what is in it, where it is there. The error is of a directory or a file that cannot be read. Files that are no
// schedules are counted, and left out by the engine.
struct CorpusCheck {
  std::size_t schedules = 0;
  std::size_t others = 0;
  std::string first_other;  // "corpus/notes.txt: at 1: expected ..."
};
Result<CorpusCheck> check_corpus(const std::filesystem::path& directory);

// Puts an input in. One that is there already stays.
Result<void> add_to_corpus(const std::filesystem::path& directory, std::string_view input);

// Where it is empty: a schedule for each kind of event, so that the first runs show what each does to the target.
Result<void> seed_corpus(const std::filesystem::path& directory);

[[nodiscard]] std::size_t count_inputs(const std::filesystem::path& directory);

[[nodiscard]] std::string sha1_hex(std::string_view bytes);

}  // namespace selfconnect
