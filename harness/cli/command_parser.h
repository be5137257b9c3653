// The options of one command: CLI11 with its errors turned into one line that says what to type next.
// Values stay text here; option_values.h and the commands give them meaning.
// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace selfconnect {

// Parsing ended otherwise than with values: text for standard output when it was asked for (kExitPass), or
// one line for standard error (kExitUsage).
struct Stop {
  int exit_code = 0;
  std::string text;
};
template <class T>
using Parsed = std::expected<T, Stop>;

// What a command is called, and what its help says around the options.
struct CommandText {
  std::string name;     // "check"
  std::string summary;  // one sentence
  std::string usage;    // what follows the name: "[options] -- CMD [ARG ...]"
  std::string example;  // lines, indented by two spaces
};

// An option as its help shows it: "--port N", and what it does.
struct OptionText {
  std::string name;
  std::string value;
  std::string help;
};

// An option as it was given: "--port", "50000"; a flag has no value.
struct GivenOption {
  std::string name;
  std::optional<std::string> value;
};

class CommandParser {
 public:
  explicit CommandParser(CommandText text);
  CommandParser(const CommandParser&) = delete;
  CommandParser& operator=(const CommandParser&) = delete;
  ~CommandParser();

  // The references are filled by parse() and must live until then.
  void option(const OptionText& option, std::optional<std::string>& into);
  void flag(const OptionText& option, bool& into);  // takes no value
  void repeated(const OptionText& option, std::vector<std::string>& into);
  void positional(const OptionText& argument, std::optional<std::string>& into);

  [[nodiscard]] Parsed<void> parse(std::span<const std::string> arguments);

  // The options that parse() met, in their order. A word alone does not tell what it is: it may be a value.
  [[nodiscard]] std::vector<GivenOption> given() const;

  // "selfconnect check: MESSAGE" on one line, with the exit code of wrong usage.
  [[nodiscard]] std::unexpected<Stop> wrong(const std::string& message) const;

 private:
  struct App;
  void add(const OptionText& option, std::vector<std::string>& into);

  std::unique_ptr<App> app_;
};

}  // namespace selfconnect
