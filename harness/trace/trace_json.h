// A Run as files, and back: DIR/run.json and DIR/NN-PHASE/trace.jsonl. docs/trace.md has the formats.
// What is loaded equals what was saved. Files of anybody's may be loaded: they are limited and checked.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/sys/error.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// "03-self-connect" for the third trace of a run: also where the director puts packets.pcap, stdout, stderr.
[[nodiscard]] std::string phase_directory_name(std::size_t index, Phase phase);  // index from 0

// Writes into `directory`, which it makes where it lacks. Existing files of these names are replaced.
Result<void> save(const Run& run, const std::filesystem::path& directory);
// Errors name file and line: "out/02-self-connect/trace.jsonl:17: 'at_ns': expected an integer".
Result<Run> load(const std::filesystem::path& directory);

// The two files as text. `name` is what errors call the file.
[[nodiscard]] std::string trace_to_jsonl(const Trace& trace);
[[nodiscard]] Result<Trace> trace_from_jsonl(std::string_view text, std::string_view name);
[[nodiscard]] std::string run_to_json(const Run& run);
// Without the traces; the phases they are of stand beside it.
[[nodiscard]] Result<std::pair<Run, std::vector<Phase>>> run_from_json(std::string_view text,
                                                                       std::string_view name);

}  // namespace selfconnect
