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

int stopped(const Stop& stop) {
  if (stop.exit_code == kExitPass) {
    fmt::print(stdout, "{}", stop.text);
  } else {
    fmt::print(stderr, "{}\n", visible(stop.text));
  }
  return stop.exit_code;
}

int failed(const Error& error) {
  fmt::print(stderr, "selfconnect: error: {}\n", visible(error.message));
  return kExitError;
}

int reported(const Run& run, const Judgement& judgement, FailOn fail_on, const ReportFiles& files) {
  int code = exit_code(judgement.verdict);
  if (judgement.verdict == Verdict::kError && is_unjudged(judgement)) {
    code = failed(error(judgement.reason));
  } else {
    fmt::print(stderr, "{}", console_report(run, judgement, console_style(STDERR_FILENO)));
  }
  if (const auto written = files.write(run, judgement, fail_on); !written) code = failed(written.error());
  return code;
}

}  // namespace selfconnect
