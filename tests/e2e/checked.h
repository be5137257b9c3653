// The built command, called as a user calls it, and what it reports.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "child.h"

namespace selfconnect::testing {

[[nodiscard]] std::string selfconnect_path();                           // of the built command
[[nodiscard]] std::string target_path(const std::string& name);         // of a built reference target
[[nodiscard]] std::filesystem::path source_path(const char* relative);  // of a file of the source tree

// A directory of its own, gone with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

// How a call of the command ended.
struct Called {
  int status = -1;  // as Child::wait has it
  std::string out;
  std::string err;
};
std::ostream& operator<<(std::ostream& stream, const Called& called);

// `selfconnect` with these arguments; one that takes too long fails the test.
Called call(const Arguments& arguments, ChildSpec spec = {});

// A check and its JSON report.
struct Checked {
  Called called;
  nlohmann::json report;  // null where there is none

  [[nodiscard]] std::string verdict() const;
  // Ids of the counted findings of a level.
  [[nodiscard]] std::set<std::string> found(const std::string& level) const;
  [[nodiscard]] std::vector<nlohmann::json> phases(const std::string& name) const;
};
std::ostream& operator<<(std::ostream& stream, const Checked& checked);

// `selfconnect check --json -` with these arguments, which may hold `-- COMMAND`.
Checked check(const Arguments& arguments, ChildSpec spec = {});

}  // namespace selfconnect::testing
