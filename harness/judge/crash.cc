// SPDX-License-Identifier: MIT
#include "harness/judge/crash.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace selfconnect {

namespace {

// As the sanitizers print them (compiler-rt), and Go for a fault that its run-time caught.
constexpr std::array<std::string_view, 10> kMarkers = {
    "ERROR: AddressSanitizer",  "ERROR: HWAddressSanitizer",         "ERROR: LeakSanitizer",
    "ERROR: ThreadSanitizer",   "WARNING: ThreadSanitizer",          "ERROR: MemorySanitizer",
    "WARNING: MemorySanitizer", "ERROR: UndefinedBehaviorSanitizer", "WARNING: DataFlowSanitizer",
    "panic: runtime error: ",
};

// UBSan prints "client.c:12:3: runtime error: ..."; the words alone may be anybody's.
constexpr std::string_view kUbsan = ": runtime error: ";

bool is_ubsan_line(std::string_view line) {
  const auto words = line.find(kUbsan);
  if (words == std::string_view::npos) return false;
  const std::string_view place = line.substr(0, words);
  const auto column = place.rfind(':');
  if (column == std::string_view::npos || column == 0) return false;
  const auto row = place.rfind(':', column - 1);
  if (row == std::string_view::npos) return false;
  const auto digits = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  };
  return digits(place.substr(column + 1)) && digits(place.substr(row + 1, column - row - 1));
}

std::string_view report_kind(std::string_view line) {
  for (const std::string_view marker : kMarkers) {
    if (line.find(marker) != std::string_view::npos) return marker;
  }
  return is_ubsan_line(line) ? kUbsan.substr(2) : std::string_view();
}

bool find_report(std::string_view text, Crash& crash) {
  constexpr std::size_t kLongestLine = 300;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (const auto kind = report_kind(line); !kind.empty()) {
      crash.report = kind;
      crash.report_line = line.substr(0, kLongestLine);
      return true;
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

}  // namespace

std::optional<Crash> crash_of(const Trace& trace) {
  Crash crash;
  if (trace.ended.how == Ended::How::kSignal) crash.signal = trace.ended.code;
  const bool reported = find_report(trace.err.head, crash) || find_report(trace.err.tail, crash) ||
                        find_report(trace.out.head, crash) || find_report(trace.out.tail, crash);
  if (crash.signal == 0 && !reported) return std::nullopt;
  return crash;
}

}  // namespace selfconnect
