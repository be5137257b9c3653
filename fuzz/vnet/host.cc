// SPDX-License-Identifier: MIT
#include "fuzz/vnet/host.h"

#include <algorithm>

namespace selfconnect::vnet {

namespace {

// Constant-initialised: calls come before and after main() too.
constinit thread_local Host* current = nullptr;

}  // namespace

Host* current_host() { return current; }

HostScope::HostScope(Host& host) { current = &host; }

HostScope::~HostScope() { current = nullptr; }

Host::~Host() {
  timers_.clear();
  descriptors_.clear();
}

std::optional<Host::Waited> Host::pass_to_next(std::optional<Time> limit) {
  const std::optional<Time> next = timers_.next();
  if (!next && !limit) {
    if (overseer_->stands_still()) return std::nullopt;
    return Waited::kStandstill;
  }
  const bool limit_first = limit && (!next || *limit < *next);
  const Time to = std::max(now_, limit_first ? *limit : *next);
  if (to > now_) {
    overseer_->time_moves(to);
    now_ = to;
  }
  if (limit_first) return Waited::kTimeout;
  timers_.expire_one(now_);
  return std::nullopt;
}

}  // namespace selfconnect::vnet
