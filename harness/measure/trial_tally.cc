// SPDX-License-Identifier: MIT
#include "harness/measure/trial_tally.h"

#include <algorithm>
#include <utility>

namespace selfconnect {

void TrialTally::launched() {
  last_.clear();
  first_of_launch_.reset();
  waits_.launched();
}

// The initial sequence number of a new attempt is another one (RFC 6528); the chance of the same is 1 in 2^32.
bool TrialTally::sent_again(const Syn& syn) {
  return std::exchange(sequences_[syn.source.port], syn.sequence) == syn.sequence && syn.sequence != 0;
}

void TrialTally::count_wait(const Syn& syn) {
  if (!first_of_launch_) first_of_launch_ = syn.destination;
  const auto last = last_.find(syn.destination);
  if (last != last_.end()) {
    waits_.add(syn.at - last->second);
    if (syn.destination == first_of_launch_) waits_.add_to_backoff(syn.at - last->second);
    last->second = syn.at;
  } else if (last_.size() < kMostDestinations) {
    last_.emplace(syn.destination, syn.at);
  }
}

std::uint64_t TrialTally::counted(const Endpoint& destination) const {
  const auto known = destinations_.find(destination);
  return known == destinations_.end() ? 0 : known->second;
}

void TrialTally::count(const Syn& syn) {
  ++counts_.attempts;
  ++(syn.source.port % 2 == 0 ? counts_.even : counts_.odd);
  if (syn.destination.port != port_) ++counts_.elsewhere.attempts;
  if (const auto known = destinations_.find(syn.destination); known != destinations_.end()) {
    ++known->second;
  } else if (destinations_.size() < kMostDestinations) {
    destinations_.emplace(syn.destination, 1);
  }
}

// By whoever has the port already, if it does not connect to itself.
void TrialTally::count_fate(const Syn& syn) {
  if (syn.to_itself()) {
    ++(is_hit(syn) ? counts_.hits : counts_.elsewhere.hits);
    return held_.connected(syn);
  }
  switch (held_.at(syn)) {
    case HeldPorts::State::kFree:
      if (syn.destination.port == port_) ++misses_;
      return;
    case HeldPorts::State::kOpen:
      ++counts_.held->open;
      return;
    case HeldPorts::State::kTimeWait:
      ++counts_.held->time_wait;
  }
}

bool TrialTally::is_before_first_hit(const std::optional<CallOrder>& order) const {
  return order && first_hit_order_ && *order < *first_hit_order_;
}

// The first hit's number is that of the calls until its own.
void TrialTally::number(const Syn& syn, const std::optional<CallOrder>& order) {
  if (first_hit_) {
    if (is_before_first_hit(order)) ++first_hit_->attempt;
    return;
  }
  if (!is_hit(syn)) {
    if (!order) return;
    if (recent_.size() == kMostThreads) recent_.pop_front();
    recent_.push_back(*order);
    return;
  }
  first_hit_order_ = order;
  const auto is_later = [&](const CallOrder& other) { return order && *order < other; };
  const auto later = static_cast<std::uint64_t>(std::ranges::count_if(recent_, is_later));
  first_hit_ = {.attempt = counts_.attempts - later, .after = syn.at - *first_at_};
}

bool TrialTally::add(const Syn& syn, const std::optional<CallOrder>& order) {
  if (syn.kind != Syn::Kind::kAttempt) {
    held_.ended(syn);
    return false;
  }
  if (sent_again(syn)) return false;
  if (is_over()) {
    if (!is_before_first_hit(order)) return false;
    number(syn, order);
    if (end_ == TrialEnd::kAttempts) return false;
    count(syn);
    return true;
  }
  if (!first_at_) first_at_ = syn.at;
  if (limits_.duration && syn.at - *first_at_ > *limits_.duration) {
    end_ = TrialEnd::kDuration;
    return false;
  }
  last_at_ = syn.at;
  count(syn);
  count_wait(syn);
  number(syn, order);
  count_fate(syn);
  if (limits_.hits && counts_.hits >= *limits_.hits) end_ = TrialEnd::kHits;
  if (limits_.attempts && counts_.attempts >= *limits_.attempts) end_ = TrialEnd::kAttempts;
  return true;
}

}  // namespace selfconnect
