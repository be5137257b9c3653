// Makes attempt n of the target meet event n of a schedule, on the real kernel: takes every connect() that the engine
// `notify` has stopped, sets the network for exactly that attempt, connects the socket, and lets the call go on when the outcome is
// there. One attempt at a time, so the next one of the same destination waits: there is no race.
//
//   refuse      the listener is down                  exhausted   no connect(2): EADDRNOTAVAIL
//   self        the listener is gone, the socket is   drop        the listener lets no SYN of that port in, and the
//               bound to the port that it dials                   socket no answer
//   all others  the listener is up; the connection is accepted before the target's connect() returns
//
// A real server does not listen on the port, where it would be in the way of `self`: it is in the far network, and
// connections are handed on to it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "harness/check/port_taker.h"
#include "harness/check/schedule_recorder.h"
#include "harness/check/scheduled_listener.h"
#include "harness/net/endpoint.h"
#include "harness/peer/conduct.h"
#include "harness/ports/dial.h"
#include "harness/schedule/event.h"
#include "harness/sys/random_source.h"
#include "harness/world/world.h"

namespace selfconnect {

// For the supervisor's thread; the engine must have stopped before destruction.
class ScheduleDirector {
 public:
  struct Options {
    std::set<std::uint16_t> reserved;      // ports that the kernel gives to no connect() in the world
    std::optional<Endpoint> bound_before;  // where a target dials that binds to port 0 before
    // How the far end behaves on a connection that was accepted.
    std::function<std::unique_ptr<Conduct>(const Event& event, const Endpoint& destination)> conduct;
  };

  // `world` and `seen` outlive it.
  ScheduleDirector(const World& world, ScheduleRecorder& seen, Options options);
  ScheduleDirector(const ScheduleDirector&) = delete;
  ScheduleDirector& operator=(const ScheduleDirector&) = delete;

  // As TakeDial.
  DialAnswer dial(const StoppedDial& stopped);
  // As ChoosePort, for bind() to port 0.
  std::optional<std::uint16_t> port_at_bind(const Dial& dial);

 private:
  struct Meeting;  // of an attempt and its event

  ScheduledListener& listener_at(const Endpoint& destination);
  void meet(Meeting& meeting);
  void refuse(Meeting& meeting);
  void drop(Meeting& meeting);
  void connect_to_itself(Meeting& meeting);
  void accept(Meeting& meeting);
  bool listen(Meeting& meeting);
  bool bind_elsewhere(Meeting& meeting);
  void remember(Meeting& meeting);

  const World& world_;
  ScheduleRecorder& seen_;
  const Options options_;
  PortTaker ports_;
  std::map<Endpoint, ScheduledListener> listeners_;
  RandomSource random_{1};
};

}  // namespace selfconnect
