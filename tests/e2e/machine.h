// What the e2e tests need of the machine, for SELFCONNECT_NEEDS (tests/capability.h): empty, or why it lacks.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "tests/capability.h"

namespace selfconnect::testing {

[[nodiscard]] std::string why_no_world();                              // capability "netns"
[[nodiscard]] std::string why_no_hook();                               // capability "bpf"
[[nodiscard]] std::string why_no_user_namespace();                     // capability "userns"
[[nodiscard]] std::string why_no_command(const std::string& command);  // capability "client"

}  // namespace selfconnect::testing
