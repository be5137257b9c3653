// SPDX-License-Identifier: MIT
#include "harness/cli/command_parser.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <list>
#include <map>
#include <utility>

#include "harness/cli/exit_code.h"
#include "harness/cli/nearest.h"

namespace selfconnect {

namespace {

constexpr std::size_t kHelpColumn = 28;

class Formatter : public CLI::Formatter {
 public:
  explicit Formatter(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override { return usage_; }

 private:
  std::string usage_;
};

// An option that may be given once.
struct Single {
  std::string name;
  std::optional<std::string>* into = nullptr;
  CLI::results_t values;
};

}  // namespace

struct CommandParser::App {
  CommandText text;
  CLI::App cli;
  std::vector<std::string> names;  // of all options, for suggestions
  std::list<Single> singles;       // a list: CLI11 keeps references to its elements
};

CommandParser::CommandParser(CommandText text) : app_(std::make_unique<App>()) {
  app_->cli.name(text.name);
  app_->cli.description(text.summary);
  app_->cli.footer(fmt::format("Example:\n{}", text.example));
  app_->cli.set_help_flag("-h,--help", "Show this help");
  app_->cli.allow_extras();
  auto formatter =
      std::make_shared<Formatter>(fmt::format("Usage: selfconnect {} {}\n", text.name, text.usage));
  formatter->column_width(kHelpColumn);
  formatter->label("REQUIRED", "");
  app_->cli.formatter(formatter);
  app_->names = {"--help"};
  app_->text = std::move(text);
}

CommandParser::~CommandParser() = default;

void CommandParser::option(const OptionText& option, std::optional<std::string>& into) {
  Single& single = app_->singles.emplace_back(option.name, &into);
  add(option, single.values);
}

void CommandParser::flag(const OptionText& option, bool& into) {
  app_->names.push_back(option.name);
  app_->cli.add_flag_callback(option.name, [&into] { into = true; }, option.help);
}

void CommandParser::repeated(const OptionText& option, std::vector<std::string>& into) { add(option, into); }

void CommandParser::add(const OptionText& option, std::vector<std::string>& into) {
  app_->names.push_back(option.name);
  const auto keep = [&into](const CLI::results_t& values) {
    into = values;
    return true;
  };
  app_->cli.add_option(option.name, keep, option.help)
      ->type_name(option.value)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void CommandParser::positional(const OptionText& argument, std::optional<std::string>& into) {
  const auto keep = [&into](const CLI::results_t& values) {
    into = values.front();
    return true;
  };
  app_->cli.add_option(argument.name, keep, argument.help)->type_name(argument.value);
}

Parsed<void> CommandParser::parse(std::span<const std::string> arguments) {
  try {
    app_->cli.parse(
        std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants the last first
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Stop{kExitPass, app_->cli.help()});
  } catch (const CLI::ArgumentMismatch& failed) {
    const std::string_view message = failed.what();  // "--port: 1 required N missing"
    return wrong(fmt::format("{} needs a value", message.substr(0, message.find(':'))));
  } catch (const CLI::ParseError& failed) {
    return wrong(failed.what());
  }
  if (const auto extras = app_->cli.remaining(); !extras.empty()) {
    const std::string& first = extras.front();
    if (!first.starts_with('-'))
      return wrong(fmt::format("unexpected argument '{}': expected {}", first, app_->text.usage));
    const auto near = nearest(first.substr(0, first.find('=')), app_->names);
    return wrong(
        fmt::format("unknown option '{}'{}", first, near ? fmt::format(": did you mean {}?", *near) : ""));
  }
  for (const auto& [name, into, values] : app_->singles) {
    if (values.size() > 1)
      return wrong(fmt::format("{} is given {} times: expected once", name, values.size()));
    if (!values.empty()) *into = values.front();
  }
  return {};
}

std::vector<GivenOption> CommandParser::given() const {
  std::vector<GivenOption> given;
  std::map<const CLI::Option*, std::size_t> met;
  for (const CLI::Option* option : app_->cli.parse_order()) {
    if (option->get_lnames().empty()) continue;  // an argument
    GivenOption& one = given.emplace_back("--" + option->get_lnames().front());
    if (option->get_items_expected_max() > 0) one.value = option->results().at(met[option]++);
  }
  return given;
}

std::unexpected<Stop> CommandParser::wrong(const std::string& message) const {
  std::string line =
      fmt::format("selfconnect {0}: {1} (see selfconnect {0} --help)", app_->text.name, message);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return std::unexpected(Stop{kExitUsage, std::move(line)});
}

}  // namespace selfconnect
