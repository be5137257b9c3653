// SPDX-License-Identifier: MIT
#include "harness/measure/trial_tally.h"

#include <utility>

namespace selfconnect {

namespace {

constexpr std::chrono::seconds kTimeWait{60};  // TCP_TIMEWAIT_LEN (include/net/tcp.h)

}  // namespace

// The initial sequence number of a new attempt is another one (RFC 6528); the chance of the same is 1 in 2^32.
bool TrialTally::sent_again(const Syn& syn) {
  return std::exchange(sequences_[syn.source.port], syn.sequence) == syn.sequence && syn.sequence != 0;
}

void TrialTally::count_wait(const Syn& syn) {
  const auto last = last_.find(syn.destination);
  if (last != last_.end()) {
    waits_.add(syn.at - last->second);
    last->second = syn.at;
  } else if (last_.size() < kMostDestinations) {
    last_.emplace(syn.destination, syn.at);
  }
}

std::uint64_t TrialTally::seen(const Endpoint& destination) const {
  const auto known = destinations_.find(destination);
  return known == destinations_.end() ? 0 : known->second;
}

// RST leaves nothing. A FIN comes back to the socket that sent it, a simultaneous close, which ends in TIME_WAIT (RFC 9293
// 3.6).
void TrialTally::end(const Syn& syn) {
  const auto held = held_.find(syn.destination);
  if (held == held_.end() || !syn.to_itself()) return;
  if (syn.kind == Syn::Kind::kReset) {
    held_.erase(held);
  } else if (!held->second) {
    held->second = syn.at;
  }
}

void TrialTally::count_held(const Syn& syn) {
  if (syn.to_itself()) {
    if (held_.size() < kMostDestinations || held_.contains(syn.destination)) held_[syn.destination].reset();
    return;
  }
  const auto held = held_.find(syn.destination);
  if (held == held_.end()) return;
  if (!held->second) {
    ++counts_.held->open;
  } else if (syn.at - *held->second < kTimeWait) {
    ++counts_.held->time_wait;
  }
}

void TrialTally::add(const Syn& syn) {
  if (syn.kind != Syn::Kind::kAttempt) return end(syn);
  if (sent_again(syn)) return;
  if (const auto known = destinations_.find(syn.destination); known != destinations_.end()) {
    ++known->second;
  } else if (destinations_.size() < kMostDestinations) {
    destinations_.emplace(syn.destination, 1);
  }
  if (complete_) return;
  if (!first_at_) first_at_ = syn.at;
  if (limits_.duration && syn.at - *first_at_ > *limits_.duration) {
    complete_ = true;
    return;
  }
  last_at_ = syn.at;
  ++counts_.attempts;
  ++(syn.source.port % 2 == 0 ? counts_.even : counts_.odd);
  count_wait(syn);
  if (syn.to_itself()) {
    ++counts_.hits;
    if (!first_hit_) first_hit_ = {.attempt = counts_.attempts, .after = syn.at - *first_at_};
  }
  count_held(syn);
  complete_ = (limits_.attempts && counts_.attempts >= *limits_.attempts) ||
              (limits_.hits && counts_.hits >= *limits_.hits);
}

}  // namespace selfconnect
