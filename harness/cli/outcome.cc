// SPDX-License-Identifier: MIT
#include "harness/cli/outcome.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "harness/cli/exit_code.h"
#include "harness/report/console.h"
#include "harness/report/readable.h"
#include "harness/report/run_facts.h"

namespace selfconnect {

namespace {

// Nobody to read it is no reason to end without the verdict: fmt::print would throw.
void say(std::FILE* stream, const std::string& text) { std::fwrite(text.data(), 1, text.size(), stream); }

}  // namespace

int stopped(const Stop& stop) {
  if (stop.exit_code == kExitPass) {
    say(stdout, stop.text);
  } else {
    say(stderr, visible(stop.text) + "\n");
  }
  return stop.exit_code;
}

int failed(const Error& error) {
  say(stderr, fmt::format("selfconnect: error: {}\n", visible(error.message)));
  return kExitError;
}

int reported(const Run& run, const Judgement& judgement, FailOn fail_on, const ReportFiles& files) {
  int code = exit_code(judgement.verdict);
  if (judgement.verdict == Verdict::kError && is_unjudged(judgement)) {
    code = failed(error(judgement.reason));
  } else {
    say(stderr, console_report(run, judgement, console_style(STDERR_FILENO)));
  }
  if (const auto written = files.write(run, judgement, fail_on); !written) code = failed(written.error());
  return code;
}

}  // namespace selfconnect
