// The options that `check` and `judge` share: what fails a run, and which reports are written.
// SPDX-License-Identifier: MIT
#pragma once

#include <list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/cli/command_parser.h"
#include "harness/cli/report_files.h"
#include "harness/judge/verdict.h"

namespace selfconnect {

class SharedOptions {
 public:
  // Both must outlive this object, and `parser.parse` be called before the values are taken.
  SharedOptions(CommandParser& parser, std::span<const Reporter> reporters);

  [[nodiscard]] Parsed<JudgeOptions> judge_options() const;
  [[nodiscard]] Parsed<std::vector<ReportRequest>> reports() const;
  // --success, checked to compile; empty: not given.
  [[nodiscard]] Parsed<std::string> success() const;

 private:
  CommandParser& parser_;
  std::span<const Reporter> reporters_;
  std::optional<std::string> success_, fail_on_;
  std::vector<std::string> required_;
  std::vector<std::optional<std::string>> paths_;  // one a reporter
};

// A value that was given, understood by `parse`: nothing where it is not given.
template <class T>
[[nodiscard]] Parsed<std::optional<T>> value_of(const CommandParser& parser, std::string_view option,
                                                const std::optional<std::string>& text,
                                                Result<T> (*parse)(std::string_view)) {
  if (!text) return std::optional<T>();
  auto value = parse(*text);
  if (!value) return parser.wrong(std::string(option) + ": " + value.error().message);
  return std::optional<T>(std::move(*value));
}

// Takes the values that were given, until one of them means nothing.
class Values {
 public:
  explicit Values(const CommandParser& parser) : parser_(parser) {}

  template <class T, class Field>
  void take(std::string_view option, const std::optional<std::string>& text,
            Result<T> (*parse)(std::string_view), Field& field) {
    if (stop_) return;
    auto value = value_of(parser_, option, text, parse);
    if (!value) {
      stop_ = std::move(value.error());
    } else if (*value) {
      field = std::move(**value);
    }
  }

  // The first that was wrong.
  [[nodiscard]] const std::optional<Stop>& stop() const { return stop_; }

 private:
  const CommandParser& parser_;
  std::optional<Stop> stop_;
};

}  // namespace selfconnect
