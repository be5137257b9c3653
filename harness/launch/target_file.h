// A target descriptor: one TOML file that says once how a client is run, what its real server is and what its
// success looks like (docs/target-file.md). Read here, and merged with the command line by the caller.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/launch/command_line.h"
#include "harness/net/endpoint.h"
#include "harness/sys/error.h"

namespace selfconnect {

// The table [expect]: what a check of this client finds. Data for the catalog's tests; `check` ignores it.
struct TargetExpectation {
  std::string version;                // of the client that was looked at
  std::string verdict;                // "pass", "fail", "skip" or "error"; empty: not given
  std::vector<std::string> errors;    // rules that must be found, of level error
  std::vector<std::string> warnings;  // likewise, of level warning
  std::vector<std::string> may;       // rules that may be found or not

  bool operator==(const TargetExpectation&) const = default;
};

// Every key is optional.
struct TargetFile {
  CommandLine command;
  CommandLine server;
  std::string success;  // compiles as a regular expression; empty: not given
  std::vector<std::string> secrets;
  std::string kind;                  // "one-shot" or "reconnector"; empty: to be learned
  std::filesystem::path stdin_file;  // relative to the working directory of the harness; empty: /dev/null
  std::optional<std::chrono::nanoseconds> timeout;
  std::optional<Address> host;
  std::optional<std::uint16_t> port;
  std::vector<std::pair<int, rlim_t>> limits;  // setrlimit(2) resource and value
  std::optional<TargetExpectation> expect;
};

// A file that cannot be read: "FILE: open(FILE): No such file or directory". Text that is not a descriptor:
// "FILE:LINE:COLUMN: what is wrong: what was expected", always one line.
[[nodiscard]] Result<TargetFile> load_target_file(const std::filesystem::path& path);

// The same for text at hand; `path` stands in messages, and its folder is where `stdin` is looked for.
[[nodiscard]] Result<TargetFile> parse_target_file(std::string_view text, const std::filesystem::path& path);

}  // namespace selfconnect
