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

void say(std::FILE* stream, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stream); }

int written(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return failed(errno_error("write to standard output"));
}

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
