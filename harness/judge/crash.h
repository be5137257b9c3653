// How a target crashed, where it did.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "harness/trace/trace.h"

namespace selfconnect {

struct Crash {
  int signal = 0;      // 0: none
  std::string report;  // what kind of report stood in its output: "ERROR: AddressSanitizer"; may be empty
  std::string report_line;  // that line

  // The same signal and the same kind of report; addresses and process ids differ from run to run.
  [[nodiscard]] bool like(const Crash& other) const {
    return signal == other.signal && report == other.report;
  }
};

// None when the target ended, or stayed, without one.
[[nodiscard]] std::optional<Crash> crash_of(const Trace& trace);

}  // namespace selfconnect
