// What findings are made of: figures as a reader wants them, excerpts, and the finding itself.
// Used by every rule; decides nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/judge/finding.h"
#include "harness/trace/trace.h"

namespace selfconnect {

[[nodiscard]] double in_ms(std::chrono::nanoseconds time);
[[nodiscard]] std::int64_t as_count(std::uint64_t count);  // for an EvidenceValue

[[nodiscard]] std::string time_text(std::chrono::nanoseconds time);                // "0.41 ms", "3.2 s"
[[nodiscard]] std::string count_text(std::uint64_t count, std::string_view noun);  // "1 byte", "3 bytes"
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);                         // "812 bytes", "1.5 MiB"

// "exited with code 1", "died of SIGSEGV", "was still running when its time was up".
[[nodiscard]] std::string ended_text(const Ended& ended);
[[nodiscard]] std::string signal_text(int signal);  // "SIGSEGV"; "signal 99"

// "--timeout 14s": the shortest whole number of seconds that holds `needed`.
[[nodiscard]] std::string timeout_option(std::chrono::nanoseconds needed);

inline constexpr std::size_t kExcerpt = 64;
// The first kExcerpt bytes of a stream of which `head` is the beginning and `total` the length.
[[nodiscard]] Bytes excerpt(std::string_view head, std::uint64_t total);

// A finding about one phase; counted unless that phase is a control.
[[nodiscard]] Finding finding_in(const Trace& trace, std::string_view rule, Level level, std::string message,
                                 Evidence evidence);

// The kernel's last line of the self-connection of `trace`; empty when none was seen.
[[nodiscard]] std::string self_connection_line(const Trace& trace);

}  // namespace selfconnect
