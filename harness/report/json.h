// The machine-readable report of one check: schema "selfconnect.check/1", described key by key in
// docs/json.md. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/judge/verdict.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// Indented JSON text, ending in a newline; always valid UTF-8.
[[nodiscard]] std::string json_report(const Run& run, const Judgement& judgement);

}  // namespace selfconnect
