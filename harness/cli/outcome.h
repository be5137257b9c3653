// How a command ends: what it says on which stream, and its exit code.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/cli/command_parser.h"
#include "harness/cli/report_files.h"
#include "harness/judge/verdict.h"
#include "harness/sys/error.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// Help goes to standard output, a usage line to standard error.
[[nodiscard]] int stopped(const Stop& stop);

// "selfconnect: error: REASON", once and on one line.
[[nodiscard]] int failed(const Error& error);

// The console report on standard error and the report files; the exit code is the verdict's, or kExitError
// where a file could not be written.
[[nodiscard]] int reported(const Run& run, const Judgement& judgement, FailOn fail_on,
                           const ReportFiles& files);

}  // namespace selfconnect
