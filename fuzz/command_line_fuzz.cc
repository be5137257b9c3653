// The words after `selfconnect`: any of them give a call that makes sense, or one line that says what to type. Nothing is
// run, and no file is read. Input: a word a line, the first one names the command.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cli/check_call.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/fuzz_call.h"
#include "harness/cli/measure_call.h"
#include "harness/cli/predict_call.h"
#include "harness/launch/command_line.h"
#include "require.h"

using selfconnect::fuzz::require;

namespace {

using Words = std::span<const std::string>;

constexpr std::array<selfconnect::Reporter, 2> kReporters = {
    {{"json", "JSON", nullptr}, {"junit", "JUnit", nullptr}}};

bool reads_a_file(const std::string& word) {
  return word.starts_with("--target") || word.starts_with('@') || word.contains("=@");
}

void check_stop(const selfconnect::Stop& stop, const std::string& command) {
  if (stop.exit_code == selfconnect::kExitPass) return require(!stop.text.empty(), "help is asked for");
  require(stop.exit_code == selfconnect::kExitUsage, "a refusal is of wrong usage");
  require(stop.text.starts_with("selfconnect " + command + ": "), "a refusal names the command");
  require(stop.text.find_first_of("\r\n") == std::string::npos, "a refusal is one line");
}

void check_options(const selfconnect::CheckOptions& options) {
  require(!options.command.empty() && !options.command.front().empty(), "there is a program to run");
  require(!options.phases.empty(), "there is a phase to play");
  require(options.timeout.count() > 0, "the time is some");
  require(std::ranges::find(options.secrets, "") == options.secrets.end(), "no secret is empty");
}

// The command that a finding comes with does what the campaign's runs did.
void check_replay(const selfconnect::FuzzCall& call) {
  if (!call.options.secrets.empty()) return;  // they are blacked out
  const auto words = selfconnect::command_to_replay(call, "finding");
  require(words.size() >= 3 && words[2] == "finding", "a finding can be shown again");
  const auto again = selfconnect::parse_check_call(Words(words).subspan(3), kReporters);
  require(again.has_value(), "the replay command is a right one");
  require(again->options.command == call.options.command && again->options.server == call.options.server &&
              again->options.success_pattern == call.options.success_pattern &&
              again->options.host == call.options.host && again->options.port == call.options.port &&
              again->options.timeout == call.options.timeout,
          "the replay command has what a run depends on");
}

void parse_fuzz(Words words) {
  const auto call = selfconnect::parse_fuzz_call(words, 2);
  if (!call) return check_stop(call.error(), "fuzz");
  check_options(call->options);
  require(call->workers > 0 && call->most_events > 0, "there is something to do");
  const auto again = selfconnect::parse_fuzz_call(selfconnect::with_seed(*call, words, 7), 2);
  require(again && again->seed == call->seed.value_or(7), "a seed is added where there is none");
  check_replay(*call);
}

void parse(const std::string& command, Words words) {
  if (command == "check") {
    const auto call = selfconnect::parse_check_call(words, kReporters);
    call ? check_options(call->options) : check_stop(call.error(), command);
  } else if (command == "fuzz") {
    parse_fuzz(words);
  } else if (command == "measure") {
    const auto call = selfconnect::parse_measure_call(words, {.low = 32768, .high = 60999, .reserved = {}},
                                                      selfconnect::PolicyKind::kLinux5_18);
    if (!call) return check_stop(call.error(), command);
    require(call->loop || !call->options.command.empty(), "there is something to run");
    require(call->options.trials > 0, "there is a trial");
  } else if (command == "predict") {
    const auto call = selfconnect::parse_predict_call(words, selfconnect::PolicyKind::kLinux5_18);
    if (!call) return check_stop(call.error(), command);
    require(call->this_host || call->question.port != 0, "there is a port to predict");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(selfconnect::split_command_line(text));
  std::vector<std::string> words;
  boost::split(words, text, boost::is_any_of("\n"));
  if (std::ranges::any_of(words, reads_a_file)) return 0;
  parse(words.front(), Words(words).subspan(1));
  return 0;
}
