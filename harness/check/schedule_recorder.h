// What was seen of the attempts under a schedule: the attempts themselves, the connections that were accepted, the sockets that
// the target had open; and what a play wants to know of them while it goes on. It changes nothing about an attempt.
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
#include <string>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/peer/peer_connection.h"
#include "harness/schedule/schedule.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// Two threads call it: the engine's supervisor, which has one attempt played at a time, tells; the io_context's thread asks. The latter
// makes it before the supervisor may call it, and destroys it afterwards.
class ScheduleRecorder {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    Schedule schedule;
    bool server_speaks = false;  // what serves has an answer to what the target says
  };

  // `start` is Instant 0. `changed` is called in the io_context's thread after all that happens on an accepted connection.
  ScheduleRecorder(boost::asio::io_context& context, Options options, Clock::time_point start,
                   std::function<void()> changed);
  ~ScheduleRecorder();
  ScheduleRecorder(const ScheduleRecorder&) = delete;
  ScheduleRecorder& operator=(const ScheduleRecorder&) = delete;

  // For any thread.
  [[nodiscard]] Instant now() const { return Clock::now() - start_; }

  // For the supervisor's thread, up to fell_out_of_step().

  // The next attempt at `destination`: its number, its event, and now as its time. It is under way until end_attempt().
  [[nodiscard]] ScheduledAttempt begin_attempt(const Endpoint& destination);
  // The event that the next attempt will be to meet.
  [[nodiscard]] Event next_event(const Endpoint& destination) const;

  struct Outcome {
    ScheduledAttempt attempt;                  // as it was begun, with what it met
    bool dialled = false;                      // a SYN was sent
    pid_t thread = 0;                          // of the target
    ino_t socket = 0;                          // the target's, by its inode
    std::shared_ptr<PeerConnection> accepted;  // begun; null: there is none
  };
  void end_attempt(Outcome outcome);

  // The latest attempt at `destination` by the socket of this inode, of those that are remembered.
  [[nodiscard]] std::optional<std::uint64_t> attempt_of(const Endpoint& destination, ino_t socket) const;
  // `line` is that of a self-connection, just made, in the socket table.
  void self_connected(SocketLine line);
  void time_wait_removed(Instant at);
  // The reason for out_of_step().
  void fell_out_of_step(std::string why);

  // For the io_context's thread, from here on.

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
  // A socket that the target dialled with.
  struct Socket {
    std::uint64_t attempt = 0;
    ino_t inode = 0;
    bool over = false;  // its connection has failed, or ended by the far end, or leads nowhere
  };
  struct Accepted {
    std::size_t index = 0;  // of attempts_
    std::uint64_t attempt = 0;
    std::shared_ptr<PeerConnection> connection;
  };

  void hand_over(Outcome& outcome, const std::deque<Socket>& sockets);
  void look_at_sockets(pid_t thread, const Endpoint& destination, std::uint64_t attempt,
                       const std::deque<Socket>& sockets);

  boost::asio::io_context& context_;
  const Options options_;
  const Clock::time_point start_;
  const std::function<void()> changed_;
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);

  // The supervisor's thread's.
  std::map<Endpoint, std::deque<Socket>> sockets_;  // in the order of the attempts

  // Both.
  mutable std::mutex mutex_;
  std::vector<ScheduledAttempt> attempts_;
  std::uint64_t dialled_ = 0;
  std::map<Endpoint, std::uint64_t> newest_;            // attempt, per destination
  std::optional<SocketLine> first_line_, newest_line_;  // of self-connections
  std::vector<Instant> time_waits_removed_;
  std::string out_of_step_;
  std::size_t handed_over_ = 0;  // to the io_context's thread
  bool under_way_ = false;       // an attempt

  // The io_context's thread's.
  std::vector<Accepted> accepted_;
  std::optional<HeldSockets> held_;
};

}  // namespace selfconnect
