// The report for CI systems that read JUnit XML (the schema of Jenkins' JUnit plugin): one test case a rule.
// Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/judge/verdict.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// A rule whose findings reach `fail_on` is a failure; other findings stand in its system-out; a rule that was
// not judged is skipped, with the reason. A run of verdict error is one case with an error. So the suite has
// failures exactly when the verdict is fail.
[[nodiscard]] std::string junit_report(const Run& run, const Judgement& judgement, FailOn fail_on);

}  // namespace selfconnect
