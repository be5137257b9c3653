// The report for a person at a terminal, who need not have heard of self-connect. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/judge/verdict.h"
#include "harness/report/console_style.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// The verdict, what was done, the phases, each finding with its evidence and remedy, what else was judged,
// and how to run it again. A run that came to no judgement has its reason alone.
[[nodiscard]] std::string console_report(const Run& run, const Judgement& judgement,
                                         const ConsoleStyle& style);

}  // namespace selfconnect
