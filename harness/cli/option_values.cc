// SPDX-License-Identifier: MIT
#include "harness/cli/option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <charconv>
#include <filesystem>
#include <span>
#include <utility>

#include "harness/cli/nearest.h"
#include "harness/cli/schedule_file.h"
#include "harness/judge/rule.h"

namespace selfconnect {

namespace {

template <class Number>
Result<Number> parse_number(std::string_view text, Number low, std::string_view expected) {
  Number number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size() || number < low) {
    return std::unexpected(error(fmt::format("'{}' is not {}", text, expected)));
  }
  return number;
}

template <class Enum, std::size_t N>
Result<Enum> parse_word(std::string_view text, std::string_view noun,
                        const std::array<std::pair<std::string_view, Enum>, N>& words) {
  std::vector<std::string> choices;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    choices.emplace_back(word);
  }
  return std::unexpected(error(unknown_word(noun, text, choices)));
}

}  // namespace

Result<std::uint16_t> parse_port_number(std::string_view text) {
  return parse_number<std::uint16_t>(text, 1, "a port: expected 1 to 65535");
}

Result<std::uint64_t> parse_seed(std::string_view text) {
  return parse_number<std::uint64_t>(text, 0, "a seed: expected a whole number, 0 or more");
}

Result<std::uint64_t> parse_count(std::string_view text) {
  return parse_number<std::uint64_t>(text, 1, "a count: expected a whole number, 1 or more");
}

Result<std::filesystem::path> parse_path(std::string_view text) {
  if (text.empty()) return std::unexpected(error("the name is empty: expected a path"));
  return std::filesystem::path(text);
}

Result<PortRange> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::unexpected(
        error(fmt::format("'{}' is not a range: expected LOW-HIGH, such as 32768-60999", text)));
  }
  const auto low = parse_port_number(text.substr(0, dash));
  if (!low) return std::unexpected(low.error());
  const auto high = parse_port_number(text.substr(dash + 1));
  if (!high) return std::unexpected(high.error());
  if (*low > *high) {
    return std::unexpected(
        error(fmt::format("the range {0}-{1} is the wrong way round: expected {1}-{0}", *low, *high)));
  }
  return PortRange{*low, *high};
}

Result<double> parse_rate(std::string_view text) {
  double rate = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, rate, std::chars_format::fixed);
  if (ec != std::errc{} || rest != end || !(rate >= 1e-6 && rate <= 1e9)) {
    return std::unexpected(
        error(fmt::format("'{}' is not a rate: expected attempts per second, 0.000001 to 1000000000, in "
                          "plain digits such as 10 or 0.5",
                          text)));
  }
  return rate;
}

Result<PolicyKind> parse_kernel(std::string_view text) {
  std::vector<std::string_view> names;
  for (const PolicyKind kind : {PolicyKind::kLinux2_6, PolicyKind::kLinux4_2, PolicyKind::kLinux5_18,
                                PolicyKind::kFreebsd, PolicyKind::kMacos}) {
    if (policy_name(kind) == text) return kind;
    names.push_back(policy_name(kind));
  }
  return std::unexpected(
      error(fmt::format("unknown kernel '{}': expected one of {}", text, fmt::join(names, ", "))));
}

Result<std::vector<double>> parse_percentages(std::string_view text) {
  std::vector<std::string> words;
  boost::split(words, text, boost::is_any_of(","));
  std::vector<double> probabilities;
  for (const std::string& word : words) {
    double percent = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, ec] = std::from_chars(word.data(), end, percent, std::chars_format::fixed);
    if (ec != std::errc{} || std::string_view(rest, end) != "%" || !(percent > 0 && percent < 100)) {
      return std::unexpected(error(fmt::format(
          "'{}' is not a percentage: expected more than 0% and less than 100%, such as 50%,99%", word)));
    }
    probabilities.push_back(percent / 100);
  }
  return probabilities;
}

Result<FamilyChoice> parse_family(std::string_view text) {
  return parse_word<FamilyChoice, 3>(
      text, "family",
      {{{"4", FamilyChoice::kIpv4}, {"6", FamilyChoice::kIpv6}, {"both", FamilyChoice::kBoth}}});
}

Result<EngineChoice> parse_engine(std::string_view text) {
  return parse_word<EngineChoice, 4>(text, "engine",
                                     {{{"auto", EngineChoice::kAuto},
                                       {"range", EngineChoice::kRange},
                                       {"hook", EngineChoice::kHook},
                                       {"notify", EngineChoice::kNotify}}});
}

Result<FailOn> parse_fail_on(std::string_view text) {
  return parse_word<FailOn, 3>(
      text, "level", {{{"error", FailOn::kError}, {"warning", FailOn::kWarning}, {"never", FailOn::kNever}}});
}

Result<std::string> parse_rule_id(std::string_view text) {
  std::vector<std::string> ids;
  for (const Rule& rule : all_rules()) {
    if (rule.id == text) return std::string(text);
    ids.emplace_back(rule.id);
  }
  if (nearest(text, ids)) return std::unexpected(error(unknown_word("rule", text, ids)));
  return std::unexpected(error(fmt::format("unknown rule '{}': `selfconnect rules` lists them", text)));
}

Result<Schedule> parse_schedule_option(std::string_view text) {
  if (text.starts_with('@')) return load_schedule(std::string(text.substr(1)));
  auto schedule = parse_schedule(text);
  if (!schedule) return std::unexpected(error(schedule.error().message(text)));
  return std::move(*schedule);
}

Result<std::vector<Step>> parse_answer(std::string_view text) {
  auto steps = parse_steps(text);
  if (!steps) return std::unexpected(error(steps.error().message(text)));
  return std::move(*steps);
}

Result<std::vector<Phase>> parse_phases(std::string_view text) {
  const std::vector<Phase> all = CheckOptions{}.phases;
  std::vector<std::string> names;
  for (const Phase phase : all) names.emplace_back(phase_name(phase));
  std::vector<std::string> words;
  boost::split(words, text, boost::is_any_of(","));
  std::erase(words, "");
  if (words.empty()) {
    return std::unexpected(
        error(fmt::format("no phase is selected: expected some of {}", fmt::join(names, ","))));
  }
  for (const std::string& word : words) {
    if (std::ranges::find(names, word) == names.end()) {
      return std::unexpected(error(unknown_word("phase", word, names)));
    }
  }
  std::vector<Phase> phases;
  std::ranges::copy_if(all, std::back_inserter(phases), [&](Phase phase) {
    return std::ranges::find(words, phase_name(phase)) != words.end();
  });
  return phases;
}

}  // namespace selfconnect
