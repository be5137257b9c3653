// World, used again: cleaned, or with another network.
// SPDX-License-Identifier: MIT
#include <poll.h>

#include <ranges>
#include <span>

#include "harness/world/world.h"

namespace selfconnect {

namespace {

constexpr std::size_t kRoutes = 1;  // routes_ is a socket of the world, too

}  // namespace

Result<void> World::watch() {
  auto begun = Recycling::begin(*this);
  if (!begun) return std::unexpected(begun.error().during("watch the world"));
  if (auto watched = request({.what = InitRequest::What::kWatch}, 0); !watched) {
    return std::unexpected(watched.error().during("watch the world"));
  }
  if (auto proved = begun->prove(kRoutes + spare_.size()); !proved) {
    return std::unexpected(proved.error().during("watch the world"));
  }
  recycling_ = std::make_unique<Recycling>(std::move(*begun));
  return {};
}

Result<void> World::clean() {
  if (!recycling_) return std::unexpected(error("clean a world that is not watched"));
  auto cleaned = request({.what = InitRequest::What::kClean}, 0);
  if (!cleaned) return std::unexpected(cleaned.error().during("clean the world"));
  auto proved = recycling_->prove(kRoutes + spare_.size());
  if (proved) proved = recycling_->take_back(spare_);
  if (!proved) return std::unexpected(proved.error().during("clean the world"));
  return {};
}

Result<void> World::watch_all_but_network() {
  if (auto watched = request({.what = InitRequest::What::kWatchAllButNetwork}, 0); !watched) {
    return std::unexpected(watched.error().during("watch the world"));
  }
  renewable_ = true;
  return {};
}

Result<std::vector<UniqueFd>> World::renew() {
  if (!renewable_) return std::unexpected(error("renew a world that is not watched"));
  InitRequest call{.what = InitRequest::What::kRenew};
  for (const SocketKind& kind : expected_ | std::views::take(kMostNewSockets)) {
    call.sockets[call.count++] = kind;
  }
  auto sent = request(call, 1 + call.count);
  if (!sent) return std::unexpected(sent.error().during("renew the world"));
  spare_.clear();
  auto next = sent->begin();
  routes_ = std::move(*next++);
  for (const SocketKind& kind : std::span(call.sockets).first(call.count)) {
    spare_.push_back({kind, std::move(*next++)});
  }
  sent->erase(sent->begin(), next);
  if (auto up = bring_up(routes_.get()); !up) return std::unexpected(up.error().during("renew the world"));
  return sent;
}

bool World::ended() const {
  pollfd init{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  return pidfd_ && poll(&init, 1, 0) != 0;
}

}  // namespace selfconnect
