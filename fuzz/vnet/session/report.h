// A finding as a person reads it: one block of text.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "fuzz/vnet/session/judge.h"

namespace selfconnect::vnet {

// `input`: where the schedule is kept, or empty.
[[nodiscard]] std::string report_text(const Finding& finding, const Record& record, const FuzzTarget& target,
                                      const std::string& input);

}  // namespace selfconnect::vnet
