// The machine-readable forms of a measurement: schema "selfconnect.measure/1" (docs/json.md), and CSV. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/measure/measurement.h"

namespace selfconnect {

// Indented JSON text, ending in a newline; always valid UTF-8.
[[nodiscard]] std::string measurement_json(const Measurement& measurement);

// RFC 4180 with LF: a line of names, then one for each trial. Times are milliseconds; empty: none, or not known.
[[nodiscard]] std::string measurement_csv(const Measurement& measurement);

}  // namespace selfconnect
