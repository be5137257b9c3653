// SPDX-License-Identifier: MIT
#include "expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "harness/judge/rule.h"
#include "harness/launch/command_line.h"

namespace selfconnect::testing {

namespace {

constexpr std::string_view kMark = "// selfconnect:";
using Lines = std::map<std::string, std::string, std::less<>>;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

Result<Lines> lines_of(std::string_view source) {
  static const std::set<std::string, std::less<>> kKnown = {"run",    "options",  "kind", "verdict",
                                                            "errors", "warnings", "may"};
  Lines lines;
  std::istringstream stream{std::string(source)};
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(kMark)) continue;
    const auto equals = line.find('=');
    if (equals == std::string::npos) return std::unexpected(error("no '=' in: " + line));
    const std::string key = trimmed(line.substr(kMark.size(), equals - kMark.size()));
    const std::string value = trimmed(line.substr(equals + 1));
    if (!kKnown.contains(key)) return std::unexpected(error(fmt::format("unknown key '{}'", key)));
    if (value.empty()) return std::unexpected(error(fmt::format("'{}' has no value", key)));
    if (!lines.emplace(key, value).second)
      return std::unexpected(error(fmt::format("'{}' is there twice", key)));
  }
  for (const char* key : {"run", "kind", "verdict", "errors", "warnings"}) {
    if (!lines.contains(key)) return std::unexpected(error(fmt::format("'{}' is missing", key)));
  }
  return lines;
}

// "RULE, RULE", or "none". `level`: that every rule must have; empty: any.
Result<std::set<std::string>> rules_of(const std::string& text, std::string_view level) {
  std::set<std::string> rules;
  if (text == "none") return rules;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    const std::string id = trimmed(word);
    if (level.empty() ? find_rule(id) == nullptr : !is_rule_of_level(id, level)) {
      return std::unexpected(error(fmt::format("'{}' is no rule of level '{}'", id, level)));
    }
    rules.insert(id);
  }
  return rules;
}

}  // namespace

bool is_rule_of_level(const std::string& id, std::string_view level) {
  const Rule* rule = find_rule(id);
  return rule != nullptr && level_name(rule->level) == level;
}

Result<Expectation> parse_expectation(std::string_view source) {
  const auto lines = lines_of(source);
  if (!lines) return std::unexpected(lines.error());
  Expectation expected{.run = {},
                       .options = {},
                       .kind = lines->at("kind"),
                       .verdict = lines->at("verdict"),
                       .errors = {},
                       .warnings = {},
                       .may = {}};
  if (expected.kind != "one-shot" && expected.kind != "reconnector")
    return std::unexpected(error(fmt::format("unknown kind '{}'", expected.kind)));
  if (expected.verdict != "pass" && expected.verdict != "fail")
    return std::unexpected(error(fmt::format("unknown verdict '{}'", expected.verdict)));

  auto run = split_command_line(lines->at("run"));
  if (!run) return std::unexpected(run.error().during("run"));
  expected.run = std::move(*run);
  if (lines->contains("options")) {
    auto options = split_command_line(lines->at("options"));
    if (!options) return std::unexpected(options.error().during("options"));
    expected.options = std::move(*options);
  }
  for (const auto& [key, level, into] : {std::tuple{"errors", "error", &expected.errors},
                                         {"warnings", "warning", &expected.warnings},
                                         {"may", "", &expected.may}}) {
    auto rules = rules_of(lines->contains(key) ? lines->at(key) : "none", level);
    if (!rules) return std::unexpected(rules.error().during(key));
    *into = std::move(*rules);
  }
  if ((expected.verdict == "fail") == expected.errors.empty())
    return std::unexpected(error("the verdict is 'fail' with errors, and 'pass' without"));
  return expected;
}

}  // namespace selfconnect::testing
