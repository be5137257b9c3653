// What a check of a reference target must find, as the first lines of its source say (targets/README.md).
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/sys/error.h"

namespace selfconnect::testing {

struct Expectation {
  std::vector<std::string> run;      // NAME, {host}, {port}, ...
  std::vector<std::string> options;  // for `check`
  std::string kind;                  // "one-shot" or "reconnector"
  std::string verdict;               // "pass" or "fail"
  std::set<std::string> errors;      // exactly these
  std::set<std::string> warnings;    // exactly these, but for `may`
  std::set<std::string> may;         // found or not

  bool operator==(const Expectation&) const = default;
};

// Reads the lines `// selfconnect: KEY = VALUE`. Anything that is not right is an error that says what: a key that
// is unknown, missing or there twice, an empty value, an unknown rule, kind or verdict, a verdict against the errors.
[[nodiscard]] Result<Expectation> parse_expectation(std::string_view source);

// Whether there is such a rule, of level "error" or "warning".
[[nodiscard]] bool is_rule_of_level(const std::string& id, std::string_view level);

}  // namespace selfconnect::testing
