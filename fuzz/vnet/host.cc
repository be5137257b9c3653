// SPDX-License-Identifier: MIT
#include "fuzz/vnet/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "fuzz/vnet/real.h"
#include "harness/schedule/schedule.h"

namespace selfconnect::vnet {

namespace {

// Constant-initialised: calls come before and after main() too.
constinit thread_local Host* current = nullptr;

}  // namespace

Host* current_host() { return current; }

HostScope::HostScope(Host& host) {
  static const bool prepared = (Descriptors::reserve(), real::before_first_run(), true);
  static_cast<void>(prepared);
  current = &host;
}

HostScope::~HostScope() { current = nullptr; }

HostAside::HostAside() : aside_(std::exchange(current, nullptr)) {}

HostAside::~HostAside() { current = aside_; }

Host::~Host() {
  timers_.clear();
  descriptors_.clear();
}

void Host::note_segment(std::string_view name, const Endpoint& from, const Endpoint& to,
                        std::string_view bytes) {
  fmt::format_to(std::back_inserter(*trace), "{}.{:09} {} {} > {}", now_.count() / 1'000'000'000,
                 now_.count() % 1'000'000'000, name, from.text(), to.text());
  if (!bytes.empty()) {
    const Event said{.kind = EventKind::kScript,
                     .steps = {{.what = Step::What::kSay, .bytes = std::string(bytes)}}};
    *trace += ' ' + print(said);
  }
  *trace += '\n';
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
