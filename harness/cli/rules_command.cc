// selfconnect rules: what each rule means, how it is decided, and what to do.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cstdio>

#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/option_values.h"
#include "harness/cli/outcome.h"
#include "harness/judge/rule.h"
#include "harness/report/rule_text.h"

namespace selfconnect {

namespace {

const CommandText kText = {.name = "rules",
                           .summary = "List the rules, or explain one.",
                           .usage = "[options] [ID]",
                           .example = "  selfconnect rules echo-accepted\n"};

}  // namespace

int rules_command(Arguments arguments) {
  CommandParser parser(kText);
  std::optional<std::string> id;
  parser.positional({"ID", "", "The rule to explain"}, id);
  if (const auto parsed = parser.parse(arguments); !parsed) return stopped(parsed.error());
  const ConsoleStyle style = console_style(STDOUT_FILENO);
  if (!id) {
    say(stdout, rule_table(all_rules(), style));
    return kExitPass;
  }
  if (const auto known = parse_rule_id(*id); !known)
    return stopped(parser.wrong(known.error().message).error());
  say(stdout, rule_page(*find_rule(*id), style));
  return kExitPass;
}

}  // namespace selfconnect
