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

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/peer/conduct.h"
#include "harness/peer/peer_connection.h"
#include "harness/ports/dial.h"
#include "harness/ports/notify_target.h"
#include "harness/schedule/schedule.h"
#include "harness/sys/random_source.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/sock_diag.h"
#include "harness/trace/trace.h"
#include "harness/world/world.h"

namespace selfconnect {

struct ScheduleDirections {
  Schedule schedule;
  std::set<std::uint16_t> reserved;      // ports that the kernel gives to no connect() in the world
  std::optional<Endpoint> bound_before;  // where a target dials that binds to port 0 before
  std::function<Service(const Endpoint& destination)> service;
  bool server_speaks = false;  // what serves has an answer to what the target says
};

// dial() and port_at_bind() are the supervisor's thread's; all else is the io_context's thread's. The engine must have stopped
// before destruction.
class ScheduleDirector {
 public:
  using Clock = std::chrono::steady_clock;

  // `start` is Instant 0. `changed` is called in the io_context's thread.
  ScheduleDirector(boost::asio::io_context& context, const World& world, ScheduleDirections directions,
                   Clock::time_point start, std::function<void()> changed);
  ~ScheduleDirector();
  ScheduleDirector(const ScheduleDirector&) = delete;
  ScheduleDirector& operator=(const ScheduleDirector&) = delete;

  DialAnswer dial(const StoppedDial& stopped);
  std::optional<std::uint16_t> port_at_bind(const Dial& dial);

  // Attempts so far that sent a SYN.
  [[nodiscard]] std::uint64_t dialled() const;
  // Why an attempt could not be made to meet its event, whatever the target does; empty: there was none.
  [[nodiscard]] std::string out_of_step() const;

  // Every destination that was dialled has had an attempt in the quiet window.
  [[nodiscard]] bool in_quiet_window() const;
  // Likewise, and on the newest of them bytes have come from the target, and from the far end where it has something to say.
  [[nodiscard]] bool served_in_quiet_window() const;
  // No attempt is under way, and nothing will come to the target from the far end unless it does something.
  [[nodiscard]] bool far_end_waits() const;

  // What was seen so far goes into the trace.
  void tell(Trace& trace) const;

 private:
  // What is up at a destination.
  struct Place {
    Endpoint endpoint;
    UniqueFd listener;  // bound; down after the first shutdown(2)
    bool listening = false;
    std::vector<std::uint16_t> dropped;  // source ports whose SYNs do not get in
    std::set<ino_t> own_sockets;         // that were connected to themselves
    struct Socket {
      std::uint64_t attempt = 0;
      ino_t inode = 0;
      bool over = false;  // its connection has failed, or ended by the far end, or leads nowhere
    };
    std::deque<Socket> sockets;
  };
  struct Meeting;  // of an attempt and its event

  Place& place_of(const Endpoint& destination);
  void meet(Meeting& meeting);
  void refuse(Meeting& meeting);
  void drop(Meeting& meeting);
  void connect_to_itself(Meeting& meeting);
  void accept(Meeting& meeting);
  bool bind_elsewhere(Meeting& meeting);
  bool listen(Place& place, Meeting& meeting);
  static void stop_listening(Place& place);
  void let_nothing_dropped_in(Place& place);
  static void let_everything_in(Place& place);
  // Has `bind_it`, which is as bind(2), take the port of the place. What nobody uses any more is removed from it; false: `instead`
  // says why not.
  bool take_port(Meeting& meeting, const std::function<int()>& bind_it);
  enum class Way {
    kCleared,  // of a TIME_WAIT, or of a socket that the target has let go
    kHeld,     // by a self-connection of the target
    kUnknown,  // nothing is there to be seen
  };
  Way clear_the_way(Meeting& meeting);
  bool let_beside_dissolved(Place& place, pid_t thread);
  UniqueFd accept_from(const Place& place, const Endpoint& client, Meeting& meeting);
  void remember(Meeting& meeting);
  void hand_over(const Meeting& meeting, UniqueFd accepted);
  void look_at_sockets(pid_t thread, const Endpoint& destination, std::uint64_t attempt,
                       const std::deque<Place::Socket>& sockets);
  [[nodiscard]] Instant now() const { return Clock::now() - start_; }

  boost::asio::io_context& context_;
  const World& world_;
  const ScheduleDirections directions_;
  const Clock::time_point start_;
  std::function<void()> changed_;
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);

  // The supervisor's thread's.
  std::map<Endpoint, Place> places_;
  std::optional<SockDiag> sockets_;
  DescriptorTaker taker_;
  RandomSource random_{1};

  // Both.
  mutable std::mutex mutex_;
  std::vector<ScheduledAttempt> attempts_;
  std::uint64_t dialled_ = 0;
  std::map<Endpoint, std::uint64_t> newest_;  // attempt, per destination
  std::vector<Instant> time_waits_removed_;
  std::string out_of_step_;
  std::size_t handed_over_ = 0;  // to the io_context's thread
  bool dialling_ = false;        // an attempt is being set up

  // The io_context's thread's.
  struct Accepted {
    std::size_t index = 0;  // of attempts_
    std::uint64_t attempt = 0;
    std::shared_ptr<PeerConnection> connection;
  };
  std::vector<Accepted> accepted_;
  std::optional<HeldSockets> held_;
};

}  // namespace selfconnect
