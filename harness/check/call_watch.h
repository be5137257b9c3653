// The attempts of a phase without packets: what the engine `notify` saw of each connect(), told to the flow table as the
// segments that a capture would have shown. Used by Recorder where nobody may capture.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "harness/ports/notify_engine.h"
#include "harness/trace/flow_table.h"
#include "harness/trace/sock_diag.h"

namespace selfconnect {

// How an attempt went is the engine's word. How a self-connection ended is the kernel's: while it is open the socket table
// has it, after a FIN as TIME-WAIT, after a RST no more; its time is that of the look. Of other connections the end is
// not seen.
class CallWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // `engine` must outlive it.
  explicit CallWatch(NotifyEngine& engine) : engine_(engine) {}

  // What happened since the last time; `start` is Instant 0.
  void drain(FlowTable& flows, SockDiag& sockets, Clock::time_point start);

 private:
  void tell(FlowTable& flows, const NotifyEvent& event, Clock::time_point start);
  void end(FlowTable& flows, const Endpoint& endpoint, std::uint8_t how, Instant at);

  NotifyEngine& engine_;
  std::uint32_t sequence_ = 0;  // one per SYN, so that none is taken for another's retransmission
  std::vector<Endpoint> open_;  // self-connections; one per endpoint, for the kernel allows no two
};

}  // namespace selfconnect
