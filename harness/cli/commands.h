// The commands. Each takes the words after its name, prints what it has to say, and returns the exit code.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "harness/cli/report_files.h"

namespace selfconnect {

using Arguments = std::span<const std::string>;

[[nodiscard]] int check_command(Arguments arguments, std::span<const Reporter> reporters);
[[nodiscard]] int judge_command(Arguments arguments, std::span<const Reporter> reporters);
[[nodiscard]] int rules_command(Arguments arguments);
[[nodiscard]] int predict_command(Arguments arguments);
[[nodiscard]] int doctor_command(Arguments arguments);
[[nodiscard]] int measure_command(Arguments arguments);
[[nodiscard]] int fuzz_command(Arguments arguments);
[[nodiscard]] int fuzz_worker_command(Arguments arguments);  // not listed
[[nodiscard]] int replay_command(Arguments arguments, std::span<const Reporter> reporters);
[[nodiscard]] int connect_loop_command(Arguments arguments);  // not listed

}  // namespace selfconnect
