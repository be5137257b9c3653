// SPDX-License-Identifier: MIT
#include "harness/sys/duration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace selfconnect {

namespace {

struct Unit {
  std::string_view name;
  std::chrono::nanoseconds length;
};

constexpr std::array<Unit, 6> kUnits = {{{"h", std::chrono::hours(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"s", std::chrono::seconds(1)},
                                         {"ms", std::chrono::milliseconds(1)},
                                         {"us", std::chrono::microseconds(1)},
                                         {"ns", std::chrono::nanoseconds(1)}}};

std::unexpected<Error> not_a_duration(std::string_view text) {
  return std::unexpected(error(
      fmt::format("'{}' is not a duration: expected a number and a unit, such as 500ms, 10s or 2m", text)));
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, count, std::chars_format::fixed);
  if (ec != std::errc{} || !std::isfinite(count)) return not_a_duration(text);
  const auto* const unit = std::ranges::find(kUnits, std::string_view(rest, end), &Unit::name);
  if (unit == kUnits.end()) return not_a_duration(text);
  const double nanoseconds = count * static_cast<double>(unit->length.count());
  if (!(nanoseconds >= 1 && nanoseconds <= static_cast<double>(kLongestDuration.count()))) {
    return std::unexpected(
        error(fmt::format("'{}' is out of range: expected more than 0 and at most 24h", text)));
  }
  return std::chrono::nanoseconds(std::llround(nanoseconds));
}

}  // namespace selfconnect
