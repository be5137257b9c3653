// The command selfconnect: lists its commands and reporters by name, and hands over to them.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/nearest.h"
#include "harness/cli/outcome.h"
#include "harness/launch/inherited.h"
#include "harness/report/json.h"
#include "harness/report/junit.h"

namespace selfconnect {

namespace {

constexpr std::array<Reporter, 2> kReporters = {
    {{"json", "Write the report as JSON (- is standard output)",
      [](const Run& run, const Judgement& judgement, FailOn /*fail_on*/) {
        return json_report(run, judgement);
      }},
     {"junit", "Write the report as JUnit XML (- is standard output)", junit_report}}};

struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(Arguments arguments);
};

constexpr std::array<Command, 8> kCommands = {
    {{"check", "Force a client to connect to itself, and judge what it does",
      [](Arguments arguments) { return check_command(arguments, kReporters); }},
     {"judge", "Judge a saved run again",
      [](Arguments arguments) { return judge_command(arguments, kReporters); }},
     {"fuzz", "Look for orders of events that a client does not survive", fuzz_command},
     {"replay", "Play a schedule again: of a file, a finding or a saved run",
      [](Arguments arguments) { return replay_command(arguments, kReporters); }},
     {"measure", "Say how often and how soon a client connects to itself", measure_command},
     {"predict", "Say how soon a client of a port connects to itself, unforced", predict_command},
     {"rules", "List the rules, or explain one", rules_command},
     {"doctor", "Say what this machine can do, and how to get what is missing", doctor_command}}};

std::string help() {
  std::string text =
      "Forces TCP self-connect on an unmodified client, and judges what the client does.\n\n"
      "Usage: selfconnect COMMAND [options]\n\nCommands:\n";
  for (const Command& command : kCommands) text += fmt::format("  {:<8} {}\n", command.name, command.summary);
  return text +
         "\nselfconnect COMMAND --help says more; selfconnect --version says which version this is.\n\n"
         "Example:\n  selfconnect check -- redis-cli -p 50000 PING\n\n"
         "Exit codes: 0 pass, 1 fail (the target's fault), 2 error (ours), 64 wrong usage, 77 skip (cannot "
         "be forced here)\n";
}

int wrong(const std::string& message) {
  say(stderr, fmt::format("selfconnect: {} (see selfconnect --help)\n", message));
  return kExitUsage;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return wrong("no command: try selfconnect check -- redis-cli -p 50000 PING");
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    say(stdout, help());
    return kExitPass;
  }
  if (name == "--version") {
    say(stdout, "selfconnect " SELFCONNECT_VERSION "\n");
    return kExitPass;
  }
  if (name == "connect-loop") return connect_loop_command(Arguments(arguments).subspan(1));
  if (name == "fuzz-worker") return fuzz_worker_command(Arguments(arguments).subspan(1));
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (command.name == name) return command.run(Arguments(arguments).subspan(1));
    names.emplace_back(command.name);
  }
  return wrong(unknown_word(name.starts_with('-') ? "option" : "command", name, names));
}

}  // namespace

}  // namespace selfconnect

int main(int argc, char** argv) {
  selfconnect::mend_inherited();
  selfconnect::raise_open_files();
  return selfconnect::written(selfconnect::run({argv + 1, argv + argc}));
}
