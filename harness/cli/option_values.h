// The values of options, from the user's text. Pure. Every error is a fragment that says what was expected.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/options.h"
#include "harness/judge/verdict.h"
#include "harness/ports/policy.h"
#include "harness/sys/error.h"
#include "harness/trace/trace.h"
#include "harness/world/port_facts.h"

namespace selfconnect {

[[nodiscard]] Result<std::uint16_t> parse_port_number(std::string_view text);  // 1 to 65535
[[nodiscard]] Result<std::uint64_t> parse_seed(std::string_view text);
[[nodiscard]] Result<std::filesystem::path> parse_path(std::string_view text);  // not empty
[[nodiscard]] Result<std::uint64_t> parse_count(std::string_view text);         // 1 or more
[[nodiscard]] Result<FamilyChoice> parse_family(std::string_view text);         // 4, 6, both
[[nodiscard]] Result<EngineChoice> parse_engine(std::string_view text);         // auto, range, hook, notify
[[nodiscard]] Result<PortRange> parse_range(
    std::string_view text);  // A-B, 1 to 65535, both ends belong to it
[[nodiscard]] Result<double> parse_rate(
    std::string_view text);  // attempts per second, 1e-6 to 1e9, without an exponent
[[nodiscard]] Result<PolicyKind> parse_kernel(std::string_view text);  // linux-5.18: one that is_model()

// "50%,99%": probabilities, in the order given.
[[nodiscard]] Result<std::vector<double>> parse_percentages(std::string_view text);

[[nodiscard]] Result<FailOn> parse_fail_on(std::string_view text);       // error, warning, never
[[nodiscard]] Result<std::string> parse_rule_id(std::string_view text);  // one of all_rules()

// A schedule's text, or @FILE for a file with it. Errors name the place in it.
[[nodiscard]] Result<Schedule> parse_schedule_option(std::string_view text);

// The steps of a peer, see schedule.h.
[[nodiscard]] Result<std::vector<Step>> parse_answer(std::string_view text);

// Names with commas between them, "refused,self-connect": each once, and in the order that phases are run.
[[nodiscard]] Result<std::vector<Phase>> parse_phases(std::string_view text);

}  // namespace selfconnect
