// SPDX-License-Identifier: MIT
#include "harness/measure/dialled.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/world/world.h"

namespace selfconnect {

std::optional<Endpoint> most_dialled(const TrialTally& tally, std::uint16_t port) {
  if (tally.destinations().empty()) return std::nullopt;
  const auto rank = [&](const auto& one) { return std::pair(one.first.port == port, one.second); };
  return std::ranges::max_element(tally.destinations(), {}, rank)->first;
}

std::optional<std::string> dials_elsewhere(const Endpoint& named, const TrialTally& tally) {
  const auto& dialled = tally.destinations();
  const auto to_port = [&](const auto& one) { return one.first.port == named.port; };
  const auto as_named = [&](const auto& one) {
    const Address& address = one.first.address;
    return to_port(one) && (address == named.address || !needs_local_address(address));
  };
  if (dialled.empty() || std::ranges::any_of(dialled, as_named)) return std::nullopt;
  const Endpoint other = *most_dialled(tally, named.port);
  if (std::ranges::any_of(dialled, to_port)) {
    return fmt::format("the command never dialled {}; it dialled {}: give --host {}", named.text(),
                       other.text(), other.address.text());
  }
  return fmt::format("the command never dialled port {}; it dialled {}: give --port {}", named.port,
                     other.text(), other.port);
}

}  // namespace selfconnect
