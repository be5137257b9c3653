// How a command ends: what it says on which stream, and its exit code.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "harness/cli/command_parser.h"
#include "harness/cli/report_files.h"
#include "harness/judge/verdict.h"
#include "harness/sys/error.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// Nobody to read it, or no room, is no reason to end without the verdict: fmt::print would throw.
void say(std::FILE* stream, std::string_view text);

// Standard output, once and at the end. The exit code: `code`, or kExitError where it could not be written.
[[nodiscard]] int written(int code);

// Help goes to standard output, a usage line to standard error.
[[nodiscard]] int stopped(const Stop& stop);

// "selfconnect: error: REASON", once and on one line.
[[nodiscard]] int failed(const Error& error);

// The console report on standard error and the report files; the exit code is the verdict's, or kExitError
// where a file could not be written.
[[nodiscard]] int reported(const Run& run, const Judgement& judgement, FailOn fail_on,
                           const ReportFiles& files);

}  // namespace selfconnect
