// selfconnect replay PATH -- CMD: plays a schedule again that a file, a finding or a saved run has.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/cli/check_call.h"
#include "harness/cli/commands.h"
#include "harness/cli/outcome.h"
#include "harness/cli/schedule_file.h"

namespace selfconnect {

namespace {

const CommandText kText = {
    .name = "replay",
    .summary =
        "Play a schedule again, and judge what the client does. PATH is a file with a schedule, the "
        "directory of a\n"
        "finding (selfconnect fuzz), or one that selfconnect check --schedule --out saved.",
    .usage = "PATH [options] -- CMD [ARG ...]",
    .example =
        "  selfconnect replay selfconnect-fuzz/findings/crashes-self-1f3a9c02 -- ./client {host} {port}\n"
        "  echo 'refuse*3 self serve' > order; selfconnect replay order -- redis-cli -p 50000 PING\n"};

}  // namespace

int replay_command(Arguments arguments, std::span<const Reporter> reporters) {
  CommandParser parser(kText);
  std::optional<std::string> path;
  parser.positional({"PATH", "", "A schedule's file, or a directory that has one"}, path);
  auto call = parse_check_call(
      parser, arguments, reporters,
      {.example = "selfconnect replay schedule.txt -- ./client {port}", .own_schedules = true});
  if (!call) return stopped(call.error());
  if (!path) return stopped(parser.wrong("no schedule: expected a file or a directory before --").error());
  auto schedule = load_schedule(*path);
  if (!schedule) return stopped(parser.wrong(schedule.error().message).error());
  call->options.schedule = std::move(*schedule);
  return run_check(std::move(*call));
}

}  // namespace selfconnect
