// Every rule by name, one file each; rules.cc lists them in the order of the report.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/judge/rule.h"

namespace selfconnect {

[[nodiscard]] Rule echo_accepted();
[[nodiscard]] Rule secret_echoed();
[[nodiscard]] Rule never_recovers();
[[nodiscard]] Rule crashes();
[[nodiscard]] Rule hangs();
[[nodiscard]] Rule holds_port();
[[nodiscard]] Rule leaks_fds();
[[nodiscard]] Rule desynchronised();

[[nodiscard]] Rule leaves_time_wait();
[[nodiscard]] Rule leaks_memory();
[[nodiscard]] Rule spins();
[[nodiscard]] Rule resets_backoff();
[[nodiscard]] Rule talks_to_itself();
[[nodiscard]] Rule false_guard();
[[nodiscard]] Rule leaves_children();

}  // namespace selfconnect
