// SPDX-License-Identifier: MIT
#include "harness/measure/at_hand.h"

#include <fmt/format.h>

#include <algorithm>

namespace selfconnect {

namespace {

constexpr std::string_view kWhere = "where no namespace can be made";

bool is_the_loopback(const Address& address) { return address == Address::loopback(address.family()); }

std::string only_the_loopback() {
  return fmt::format(
      "{} only 127.0.0.1 and ::1 connect to themselves: have it dial one of them, or see `selfconnect "
      "doctor`",
      kWhere);
}

}  // namespace

std::optional<std::string> why_not_at_hand(const MeasureOptions& options) {
  if (options.trials > 1)
    return fmt::format("{} there is no fresh world for each trial: leave out --trials", kWhere);
  if (!options.out.empty()) return fmt::format("{} no packets can be captured: leave out --out", kWhere);
  if (options.policy.kind == PolicyKind::kKernel && options.other_range) {
    return fmt::format(
        "{} the kernel's own range is the network's: leave out --range, or give another --policy", kWhere);
  }
  const Address& dialled = options.destination.address;
  if (is_the_loopback(dialled)) return std::nullopt;
  return fmt::format("{} is not to be dialled: {}", dialled.text(), only_the_loopback());
}

std::string cannot_hit_at_hand(const Endpoint& destination) {
  return fmt::format("the command dials {}; {}", destination.text(), only_the_loopback());
}

bool never_dials_the_loopback(const TrialTally& tally) {
  const auto& dialled = tally.destinations();
  return !dialled.empty() &&
         std::ranges::none_of(dialled, [](const auto& one) { return is_the_loopback(one.first.address); });
}

}  // namespace selfconnect
