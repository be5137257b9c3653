// SPDX-License-Identifier: MIT
#include "harness/measure/trial_tally.h"

#include <algorithm>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::chrono::seconds kTimeWait{60};   // TCP_TIMEWAIT_LEN (include/net/tcp.h)
constexpr std::chrono::seconds kReuseDelay{1};  // tcp_tw_reuse_delay
constexpr std::size_t kJust = 64;               // turns
constexpr std::chrono::milliseconds kLongestDelay{
    500};  // of a SYN, since another thread was handed its port later

}  // namespace

TrialTally::TrialTally(const TrialLimits& limits, const PortRules& rules, WaitSample& waits)
    : limits_(limits),
      bound_(rules.bound),
      turns_(65536),
      walk_length_(rules.walk.size()),
      hit_turn_(0),
      had_turn_(rules.walk.size() + 1),
      waits_(waits) {
  counts_.held.emplace();
  std::uint32_t turn = 0;
  for (const std::uint16_t port : rules.walk) turns_[port] = ++turn;
  hit_turn_ = turns_[rules.port];
}

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

// RST leaves nothing. A FIN comes back to the socket that sent it, a simultaneous close, which ends in TIME_WAIT (RFC 9293
// 3.6).
void TrialTally::note_end(const Syn& syn) {
  const auto held = held_.find(syn.destination);
  if (held == held_.end() || !syn.to_itself()) return;
  if (syn.kind == Syn::Kind::kReset) {
    held_.erase(held);
  } else if (!held->second) {
    held->second = syn.at;
  }
}

std::chrono::nanoseconds TrialTally::time_wait_of(const Endpoint& destination) const {
  return bound_ || !destination.address.is_loopback() ? kTimeWait : kReuseDelay;
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
  } else if (syn.at - *held->second < time_wait_of(syn.destination)) {
    ++counts_.held->time_wait;
  }
}

void TrialTally::count(const Syn& syn) {
  ++counts_.attempts;
  ++(syn.source.port % 2 == 0 ? counts_.even : counts_.odd);
  if (const auto known = destinations_.find(syn.destination); known != destinations_.end()) {
    ++known->second;
  } else if (destinations_.size() < kMostDestinations) {
    destinations_.emplace(syn.destination, 1);
  }
}

void TrialTally::count_hit(const Syn& syn) {
  ++counts_.hits;
  if (first_hit_) return;
  first_hit_ = {.attempt = counts_.attempts, .after = syn.at - *first_at_};
  hit_at_ = syn.at;
  // Otherwise it is no first turn: a whole round has come before.
  const bool is_first_turn =
      hit_turn_ != 0 && turns_[syn.source.port] == hit_turn_ && ahead_ + 1 < walk_length_;
  if (!is_first_turn) return;
  first_hit_->attempt -= ahead_;
  if (first_hit_->attempt < hit_turn_) outstanding_ = hit_turn_ - first_hit_->attempt;
}

// Handed its port before the hit was. One that comes again is of the next round, unless it has just been there: then a socket was
// dialled again.
bool TrialTally::has_earlier_turn(const Syn& syn) {
  const std::uint32_t turn = turns_[syn.source.port];
  if (turn == 0 || turn >= hit_turn_) return false;
  const bool is_again = std::exchange(had_turn_[turn], true);
  latest_turn_ = std::max(latest_turn_, turn);
  const std::size_t just = std::min<std::size_t>(walk_length_ / 2, kJust);
  return !is_again || (ahead_ == 0 && !first_hit_ && turn + just > latest_turn_);
}

void TrialTally::count_if_outstanding(const Syn& syn) {
  if (outstanding_ == 0) return;
  // What does not come was passed over: somebody else had that port.
  if (syn.at - hit_at_ > kLongestDelay) outstanding_ = 0;
  if (outstanding_ == 0 || !has_earlier_turn(syn)) return;
  if (is_over()) count(syn);
  ++first_hit_->attempt;
  --outstanding_;
}

void TrialTally::add(const Syn& syn) {
  if (syn.kind != Syn::Kind::kAttempt) return note_end(syn);
  if (sent_again(syn)) return;
  if (is_over()) return count_if_outstanding(syn);
  if (!first_at_) first_at_ = syn.at;
  if (limits_.duration && syn.at - *first_at_ > *limits_.duration) {
    end_ = TrialEnd::kDuration;
    return;
  }
  last_at_ = syn.at;
  count(syn);
  count_wait(syn);
  if (syn.to_itself()) {
    count_hit(syn);
  } else if (first_hit_) {
    count_if_outstanding(syn);
  } else if (hit_turn_ != 0 && !has_earlier_turn(syn)) {
    ++ahead_;
  }
  count_held(syn);
  if (limits_.hits && counts_.hits >= *limits_.hits) end_ = TrialEnd::kHits;
  if (limits_.attempts && counts_.attempts >= *limits_.attempts) end_ = TrialEnd::kAttempts;
}

}  // namespace selfconnect
