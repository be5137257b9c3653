// SPDX-License-Identifier: MIT
#include "harness/ports/notify_record.h"

#include <iterator>
#include <utility>

namespace selfconnect {

void NotifyRecord::note(NotifyEvent event) {
  has_noted_ = true;
  const std::scoped_lock lock(mutex_);
  if (event.dial.allocator == Allocator::kConnect) attempts_to(event.dial.destination) = event.dial.attempt;
  if (events_.size() == kMostEvents) {
    events_.pop_front();
    ++missed_;
  }
  events_.push_back(std::move(event));
}

void NotifyRecord::note_missed() {
  const std::scoped_lock lock(mutex_);
  ++missed_;
}

std::uint64_t NotifyRecord::next_attempt(const Endpoint& destination) {
  const std::scoped_lock lock(mutex_);
  return attempts_to(destination) + 1;
}

std::vector<NotifyEvent> NotifyRecord::take() {
  const std::scoped_lock lock(mutex_);
  std::vector<NotifyEvent> taken(std::make_move_iterator(events_.begin()),
                                 std::make_move_iterator(events_.end()));
  events_.clear();
  return taken;
}

std::uint64_t NotifyRecord::missed() {
  const std::scoped_lock lock(mutex_);
  return missed_;
}

void NotifyRecord::forget() {
  const std::scoped_lock lock(mutex_);
  has_noted_ = false;
  attempts_.clear();
  events_.clear();
  missed_ = 0;
}

std::uint64_t& NotifyRecord::attempts_to(const Endpoint& destination) {
  const auto known = attempts_.find(destination);
  if (known != attempts_.end()) return known->second;
  // The further ones share the count of "nowhere".
  return attempts_[attempts_.size() < kMostDestinations ? destination : Endpoint{}];
}

}  // namespace selfconnect
