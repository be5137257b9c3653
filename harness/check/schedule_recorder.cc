// SPDX-License-Identifier: MIT
#include "harness/check/schedule_recorder.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "harness/check/held_sockets.h"

namespace selfconnect {

namespace {

constexpr std::size_t kMostSockets = 256;  // remembered per destination

// Whether its connection has failed, has been ended by the far end, or leads nowhere, once the attempt is over.
bool leads_nowhere(const ScheduledAttempt& attempt) {
  return !attempt.instead.empty() || leaves_nothing_to_wait_for(attempt.event.kind);
}

}  // namespace

ScheduleRecorder::ScheduleRecorder(boost::asio::io_context& context, Options options, Clock::time_point start,
                                   std::function<void()> changed)
    : context_(context), options_(std::move(options)), start_(start), changed_(std::move(changed)) {}

ScheduleRecorder::~ScheduleRecorder() {
  for (const Accepted& accepted : accepted_) accepted.connection->end();
}

ScheduledAttempt ScheduleRecorder::begin_attempt(const Endpoint& destination) {
  ScheduledAttempt attempt{.number = 0,
                           .destination = destination,
                           .event = {},
                           .instead = {},
                           .held_by = {},
                           .source_port = 0,
                           .at = now(),
                           .peer = {}};
  {
    const std::scoped_lock lock(mutex_);
    attempt.number = ++newest_[destination];
    under_way_ = true;
  }
  attempt.event = event_of(options_.schedule, attempt.number);
  return attempt;
}

Event ScheduleRecorder::next_event(const Endpoint& destination) const {
  const std::scoped_lock lock(mutex_);
  const auto newest = newest_.find(destination);
  return event_of(options_.schedule, newest == newest_.end() ? 1 : newest->second + 1);
}

void ScheduleRecorder::end_attempt(Outcome outcome) {
  const ScheduledAttempt& attempt = outcome.attempt;
  std::deque<Socket>& sockets = sockets_[attempt.destination];
  sockets.push_back({.attempt = attempt.number, .inode = outcome.socket, .over = leads_nowhere(attempt)});
  if (sockets.size() > kMostSockets) sockets.pop_front();
  if (outcome.accepted) hand_over(outcome, sockets);
  const std::scoped_lock lock(mutex_);
  under_way_ = false;
  if (outcome.dialled) ++dialled_;
  if (attempts_.size() < kMostScheduledKept) attempts_.push_back(std::move(outcome.attempt));
}

void ScheduleRecorder::hand_over(Outcome& outcome, const std::deque<Socket>& sockets) {
  const ScheduledAttempt& attempt = outcome.attempt;
  Accepted handed{.index = 0, .attempt = attempt.number, .connection = std::move(outcome.accepted)};
  {
    const std::scoped_lock lock(mutex_);
    handed.index = attempts_.size();
    ++handed_over_;
  }
  std::function<void()> look;
  if (attempt.number > length(options_.schedule)) {
    look = [this, thread = outcome.thread, destination = attempt.destination, number = attempt.number,
            sockets] { look_at_sockets(thread, destination, number, sockets); };
  }
  boost::asio::post(
      context_, [this, alive = std::weak_ptr(alive_), handed = std::move(handed), look = std::move(look)] {
        if (alive.expired()) return handed.connection->end();
        accepted_.push_back(handed);
        handed.connection->serve(context_, look, changed_);
      });
}

void ScheduleRecorder::look_at_sockets(pid_t thread, const Endpoint& destination, std::uint64_t attempt,
                                       const std::deque<Socket>& sockets) {
  if (held_) return;
  const auto open = open_sockets(thread);
  held_ = HeldSockets{.at = now(),
                      .destination = destination,
                      .attempt = attempt,
                      .ended = {},
                      .descriptors = open.descriptors};
  const ino_t current = sockets.back().inode;
  for (const Socket& socket : sockets) {
    if (socket.over && socket.attempt != attempt && socket.inode != current &&
        open.inodes.contains(socket.inode))
      held_->ended.push_back(socket.attempt);
  }
}

std::optional<std::uint64_t> ScheduleRecorder::attempt_of(const Endpoint& destination, ino_t socket) const {
  const auto there = sockets_.find(destination);
  if (there == sockets_.end()) return std::nullopt;
  const std::deque<Socket>& sockets = there->second;
  const auto latest = std::ranges::find(sockets.rbegin(), sockets.rend(), socket, &Socket::inode);
  return latest == sockets.rend() ? std::nullopt : std::optional(latest->attempt);
}

void ScheduleRecorder::self_connected(SocketLine line) {
  const std::scoped_lock lock(mutex_);
  (first_line_ ? newest_line_ : first_line_) = std::move(line);
}

void ScheduleRecorder::time_wait_removed(Instant at) {
  const std::scoped_lock lock(mutex_);
  time_waits_removed_.push_back(at);
}

void ScheduleRecorder::fell_out_of_step(std::string why) {
  const std::scoped_lock lock(mutex_);
  out_of_step_ = std::move(why);
}

std::uint64_t ScheduleRecorder::dialled() const {
  const std::scoped_lock lock(mutex_);
  return dialled_;
}

std::string ScheduleRecorder::out_of_step() const {
  const std::scoped_lock lock(mutex_);
  return out_of_step_;
}

bool ScheduleRecorder::in_quiet_window() const {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t events = length(options_.schedule);
  return !newest_.empty() &&
         std::ranges::all_of(newest_, [&](const auto& newest) { return newest.second > events; });
}

bool ScheduleRecorder::served_in_quiet_window() const {
  if (!in_quiet_window()) return false;
  const std::uint64_t events = length(options_.schedule);
  return std::ranges::any_of(accepted_, [&](const Accepted& accepted) {
    const PeerView& view = accepted.connection->view();
    return accepted.attempt > events && view.received > 0 && (!options_.server_speaks || view.sent > 0);
  });
}

bool ScheduleRecorder::far_end_waits() const {
  {
    const std::scoped_lock lock(mutex_);
    if (handed_over_ != accepted_.size() || under_way_) return false;
  }
  return std::ranges::all_of(accepted_,
                             [](const Accepted& accepted) { return accepted.connection->waits(); });
}

void ScheduleRecorder::tell(Trace& trace) const {
  const std::scoped_lock lock(mutex_);
  trace.schedule = options_.schedule;
  trace.scheduled = attempts_;
  trace.held = held_;
  for (const Accepted& accepted : accepted_) {
    if (accepted.index < trace.scheduled.size()) {
      trace.scheduled[accepted.index].peer = accepted.connection->view();
    }
  }
  for (const auto& line : {first_line_, newest_line_}) {
    if (line) trace.sockets.push_back(*line);
  }
  for (const Instant at : time_waits_removed_) {
    trace.server.push_back({.at = at, .what = ServerEvent::What::kTimeWaitRemoved, .detail = {}});
  }
}

}  // namespace selfconnect
