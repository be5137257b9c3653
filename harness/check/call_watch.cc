// SPDX-License-Identifier: MIT
#include "harness/check/call_watch.h"

#include <algorithm>

namespace selfconnect {

void CallWatch::drain(FlowTable& flows, SockDiag& sockets, Clock::time_point start) {
  for (const NotifyEvent& event : engine_.take_events()) tell(flows, event, start);
  for (const Endpoint& endpoint : std::vector(open_)) {
    const Instant at = Clock::now() - start;
    const auto line = sockets.self_connection(endpoint, at);
    if (!line) continue;
    if (!*line) {
      end(flows, endpoint, kTcpRst, at);
    } else if ((*line)->state != TcpState::kEstablished) {
      end(flows, endpoint, kTcpFin, at);
    }
  }
}

void CallWatch::tell(FlowTable& flows, const NotifyEvent& event, Clock::time_point start) {
  using How = ConnectOutcome::How;
  if (event.dial.allocator != Allocator::kConnect) return;
  const Endpoint& destination = event.dial.destination;
  TcpPacket syn{.source = {Address::loopback(destination.address.family()), event.port},
                .destination = destination,
                .sequence = ++sequence_,
                .flags = kTcpSyn};
  if (!event.outcome) return flows.add(syn, event.at - start);  // it goes elsewhere, or with a fast open
  if (event.outcome->how == How::kNotDialled) return;
  syn.source = event.outcome->source;
  if (event.outcome->connected)
    syn.destination = *event.outcome->connected;  // 127.0.0.1, where 0.0.0.0 was dialled
  // The port was free for it, so a FIN has not ended the one before.
  if (syn.to_itself() && std::ranges::find(open_, syn.source) != open_.end()) {
    end(flows, syn.source, kTcpRst, event.at - start);
  }
  flows.add(syn, event.at - start);
  if (event.outcome->how == How::kPending) return;
  const bool refused = event.outcome->how == How::kRefused;
  flows.add({.source = syn.destination,
             .destination = syn.source,
             .flags = static_cast<std::uint8_t>((refused ? kTcpRst : kTcpSyn) | kTcpAck)},
            event.outcome->at - start);
  if (syn.to_itself() && !refused) open_.push_back(syn.source);
}

void CallWatch::end(FlowTable& flows, const Endpoint& endpoint, std::uint8_t how, Instant at) {
  flows.add({.source = endpoint, .destination = endpoint, .flags = static_cast<std::uint8_t>(how | kTcpAck)},
            at);
  std::erase(open_, endpoint);
}

}  // namespace selfconnect
