// SPDX-License-Identifier: MIT
#include "harness/measure/call_source.h"

#include <algorithm>
#include <cerrno>

namespace selfconnect {

void CallSource::drain(const std::function<void(const Syn&)>& take) {
  for (const NotifyEvent& event : engine_.take_events()) {
    if (event.dial.allocator != Allocator::kConnect) continue;
    if (const auto syn = syn_of(event)) take(*syn);
  }
}

// Nothing where the call came to no SYN.
std::optional<Syn> CallSource::syn_of(const NotifyEvent& event) {
  using How = ConnectOutcome::How;
  const Address any_source = Address::loopback(event.dial.destination.address.family());
  Syn syn{.at = event.at - start_,
          .source = {any_source, event.port},
          .destination = event.dial.destination,
          .sequence = ++sequence_};
  if (syn.destination.address.is_unspecified()) syn.destination.address = any_source;
  if (!syn.destination.address.is_loopback()) {
    kept_from_ = syn.destination;
    return std::nullopt;
  }
  if (!event.outcome) return syn;  // by fast open
  if (event.outcome->how == How::kNotDialled) {
    if (event.outcome->error == EADDRNOTAVAIL) ++exhausted_;
    return std::nullopt;
  }
  if (event.outcome->how == How::kRefused) ++refused_;
  syn.source = event.outcome->source;
  return syn;
}

void CallSource::complete(Trial& trial) {
  trial.counts.refused = std::min(refused_, trial.counts.attempts - trial.counts.hits);
  trial.counts.exhausted = exhausted_;
  trial.counts.held.reset();
  trial.lost = engine_.dropped_events();
}

}  // namespace selfconnect
