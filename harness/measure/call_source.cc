// SPDX-License-Identifier: MIT
#include "harness/measure/call_source.h"

#include <algorithm>
#include <cerrno>

namespace selfconnect {

void CallSource::drain(TrialTally& tally) {
  for (const NotifyEvent& event : engine_.take_events()) {
    if (event.dial.allocator != Allocator::kConnect || tally.is_over()) continue;
    if (!tally.first_hit()) passed_over_ += event.dial.busy;
    if (const auto syn = syn_of(event)) tally.add(*syn);
  }
}

// Nothing where the call came to no SYN.
std::optional<Syn> CallSource::syn_of(const NotifyEvent& event) {
  using How = ConnectOutcome::How;
  const Endpoint destination = reached_by(event.dial.destination);
  if (!destination.address.is_loopback()) {
    kept_from_ = destination;
    return std::nullopt;
  }
  Syn syn{.at = event.at - start_,
          .source = {Address::loopback(destination.address.family()), event.port},
          .destination = destination,
          .sequence = ++sequence_};
  if (!event.outcome) return syn;  // by fast open
  if (event.outcome->how == How::kNotDialled) {
    if (event.outcome->error == EADDRNOTAVAIL) ++exhausted_;
    return std::nullopt;
  }
  if (event.outcome->how == How::kRefused) ++refused_;
  syn.source = event.outcome->source;
  return syn;
}

void CallSource::complete(const TrialTally& /*tally*/, Time /*ended*/, Trial& trial) {
  trial.counts.refused = std::min(refused_, trial.counts.not_hits());
  trial.counts.exhausted = exhausted_;
  trial.counts.held.reset();
  trial.passed_over = passed_over_;
  trial.lost = engine_.missed_attempts();
}

}  // namespace selfconnect
