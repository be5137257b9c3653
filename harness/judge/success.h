// Whether a target told of success where it told of none in the `refused` control. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "harness/trace/trace.h"

namespace selfconnect {

// What told of success in a trace, and not in the control.
struct Success {
  bool by_exit = false;
  std::optional<std::string> match;  // of the success pattern

  [[nodiscard]] bool told() const { return by_exit || match; }
  [[nodiscard]] std::string text() const;  // "exited with code 0 and printed its success pattern (...)"
};
[[nodiscard]] Success success_of(const Run& run, const Trace& trace, const Trace& refused);

// Why a trace without success says nothing: "no --success for a reconnector". None: it tells of failure.
[[nodiscard]] std::optional<std::string> success_unknown(const Run& run, const Trace& trace,
                                                         const Trace& refused);

}  // namespace selfconnect
