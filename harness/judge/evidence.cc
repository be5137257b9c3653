// SPDX-License-Identifier: MIT
#include "harness/judge/evidence.h"

#include <fmt/format.h>

#include <cstring>
#include <ranges>
#include <utility>

namespace selfconnect {

double in_ms(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

std::int64_t as_count(std::uint64_t count) { return static_cast<std::int64_t>(count); }

std::string time_text(std::chrono::nanoseconds time) {
  const double ms = in_ms(time);
  if (ms >= 1000) return fmt::format("{:.1f} s", ms / 1000);
  if (ms >= 10) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.2f} ms", ms);
}

std::string count_text(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr double kKib = 1024;
  const auto size = static_cast<double>(bytes);
  if (size >= kKib * kKib) return fmt::format("{:.1f} MiB", size / kKib / kKib);
  if (size >= 10 * kKib) return fmt::format("{:.0f} KiB", size / kKib);
  return count_text(bytes, "byte");
}

std::string signal_text(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string ended_text(const Ended& ended) {
  switch (ended.how) {
    case Ended::How::kExit:
      return fmt::format("exited with code {}", ended.code);
    case Ended::How::kSignal:
      return fmt::format("died of {}", signal_text(ended.code));
    case Ended::How::kStopped:
      break;
  }
  if (ended.stop_reason == "timeout") return "was still running when its time was up";
  if (ended.stop_reason == "blocked") return "was waiting for what could not come";
  return "was still running when the harness stopped it";
}

std::string timeout_option(std::chrono::nanoseconds needed) {
  return fmt::format("--timeout {}s", std::chrono::ceil<std::chrono::seconds>(needed).count());
}

Bytes excerpt(std::string_view head, std::uint64_t total) {
  return {.data = std::string(head.substr(0, kExcerpt)), .total = total};
}

Finding finding_in(const Trace& trace, std::string_view rule, Level level, std::string message,
                   Evidence evidence) {
  return {.rule = std::string(rule),
          .level = level,
          .phase = trace.phase,
          .destination = trace.destination,
          .message = std::move(message),
          .evidence = std::move(evidence),
          .counted = !is_control(trace.phase)};
}

std::string self_connection_line(const Trace& trace) {
  // TIME_WAIT is what is left of one; it is shown where it was never seen established.
  std::string left;
  for (const SocketLine& line : trace.sockets | std::views::reverse) {
    if (line.local != line.remote) continue;
    if (line.state == TcpState::kEstablished) return line.text();
    if (left.empty()) left = line.text();
  }
  return left;
}

}  // namespace selfconnect
