// SPDX-License-Identifier: MIT
#include "fuzz/vnet/virtual_time.h"

#include <algorithm>

namespace selfconnect::vnet {

void Timers::set(Timed& what, Time at) {
  cancel(what);
  entries_.push_back({.at = at, .order = set_so_far_++, .what = &what});
}

void Timers::cancel(const Timed& what) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.what == &what; });
}

std::size_t Timers::first() const {
  const auto earliest = std::ranges::min_element(entries_, [](const Entry& one, const Entry& other) {
    return one.at != other.at ? one.at < other.at : one.order < other.order;
  });
  return static_cast<std::size_t>(earliest - entries_.begin());
}

std::optional<Time> Timers::next() const {
  if (entries_.empty()) return std::nullopt;
  return entries_[first()].at;
}

bool Timers::expire_one(Time now) {
  if (entries_.empty()) return false;
  const std::size_t index = first();
  if (entries_[index].at > now) return false;
  Timed& what = *entries_[index].what;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
  what.expire();
  return true;
}

void Timers::clear() { entries_.clear(); }

}  // namespace selfconnect::vnet
