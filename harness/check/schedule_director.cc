// SPDX-License-Identifier: MIT
#include "harness/check/schedule_director.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "harness/check/held_sockets.h"
#include "harness/check/segment_filter.h"
#include "harness/net/socket_address.h"
#include "harness/peer/peer_connection.h"
#include "harness/ports/watched_connect.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

using How = ConnectOutcome::How;

constexpr auto kLongestWait = 10s;           // for the answer of a network that ends on this machine
constexpr int kMostTries = 64;               // ports tried for one socket
constexpr std::uint16_t kFirstPort = 32768;  // of those tried; the kernel's default range
constexpr std::uint32_t kPorts = 28232;

Family family_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? Family::kIpv6 : Family::kIpv4;
}

std::uint16_t port_of(const sockaddr_storage& address) { return Endpoint::from_sockaddr(address).port; }

}  // namespace

struct ScheduleDirector::Meeting {
  const StoppedDial& stopped;
  ScheduledListener& listener;
  ScheduledAttempt attempt;
  DialAnswer answer;
  UniqueFd accepted;
  bool dialled = false;  // a SYN was sent
  bool is_ours = false;  // why it met something instead of its event

  ConnectAnswer connect(std::chrono::milliseconds patience = kLongestWait) {
    const ConnectAnswer called = watched_connect(stopped.socket, stopped.destination, patience);
    dialled = called.outcome.how != How::kNotDialled;
    attempt.source_port = called.outcome.source.port;
    answer.port = attempt.source_port;
    if (!called.goes_on) {
      answer.how = DialAnswer::How::kReturn;
      answer.error = called.error;
    }
    return called;
  }

  void kept_from_it(Obstacle obstacle) {
    attempt.instead = std::move(obstacle.why);
    attempt.held_by = obstacle.held_by;
    is_ours = !obstacle.held_by;
  }

  // For a reason that is not the target's doing: the schedule was not played.
  void failed(std::string why) {
    attempt.instead = std::move(why);
    is_ours = true;
  }
};

ScheduleDirector::ScheduleDirector(const World& world, ScheduleRecorder& seen, Options options)
    : world_(world), seen_(seen), options_(std::move(options)), ports_(world, seen) {}

DialAnswer ScheduleDirector::dial(const StoppedDial& stopped) {
  const Endpoint destination = reached_by(stopped.dial.destination);
  Meeting meeting{.stopped = stopped,
                  .listener = listener_at(destination),
                  .attempt = seen_.begin_attempt(destination),
                  .answer = {},
                  .accepted = {}};
  if (stopped.fast_open) {
    meeting.attempt.instead = "it dials by TCP fast open";
    seen_.fell_out_of_step(fmt::format("the target dials {} by TCP fast open, which a schedule cannot stop",
                                       destination.text()));
  } else {
    meet(meeting);
  }
  if (meeting.is_ours) {
    seen_.fell_out_of_step(fmt::format("attempt {} at {} could not meet its event: {}",
                                       meeting.attempt.number, destination.text(), meeting.attempt.instead));
  }
  remember(meeting);
  return meeting.answer;
}

ScheduledListener& ScheduleDirector::listener_at(const Endpoint& destination) {
  return listeners_.try_emplace(destination, destination, world_, ports_).first->second;
}

void ScheduleDirector::meet(Meeting& meeting) {
  // Of an earlier attempt with the same socket.
  if (meeting.listener.drops_any()) drop_no_segments(meeting.stopped.socket);
  const EventKind kind = meeting.attempt.event.kind;
  if (kind == EventKind::kExhausted) {
    meeting.answer = {.how = DialAnswer::How::kReturn, .error = EADDRNOTAVAIL, .port = 0};
    return;
  }
  if (kind == EventKind::kSelf) return connect_to_itself(meeting);
  if (!bind_elsewhere(meeting)) return;
  if (kind == EventKind::kRefuse) return refuse(meeting);
  if (kind == EventKind::kDrop) return drop(meeting);
  accept(meeting);
}

// Only where the kernel might give it the port that it dials.
bool ScheduleDirector::bind_elsewhere(Meeting& meeting) {
  const std::uint16_t dialled = meeting.listener.endpoint().port;
  if (port_of(meeting.stopped.own) != 0 || options_.reserved.contains(dialled)) return true;
  Endpoint name = Endpoint::from_sockaddr(meeting.stopped.own);
  for (int tries = 0; tries < kMostTries; ++tries) {
    name.port = static_cast<std::uint16_t>(kFirstPort + random_.below(kPorts));
    if (name.port == dialled) continue;
    sockaddr_storage storage{};
    const socklen_t length = socket_address(name, family_of(meeting.stopped.own), storage);
    if (bind_beside(meeting.stopped.socket, storage, length) == 0) return true;
    if (errno != EADDRINUSE) break;
  }
  meeting.failed(fmt::format("no source port for it: {}", strerror(errno)));
  return false;
}

void ScheduleDirector::refuse(Meeting& meeting) {
  meeting.listener.stop_listening();
  const auto called = meeting.connect();
  if (called.outcome.how == How::kRefused) return;
  meeting.attempt.instead = called.outcome.how == How::kNotDialled
                                ? fmt::format("connect() failed: {}", strerror(called.error))
                                : "somebody else listens there";
}

void ScheduleDirector::drop(Meeting& meeting) {
  if (!listen(meeting)) return refuse(meeting);
  // Everything, while its port is not known yet.
  meeting.listener.drop_all();
  drop_all_segments(meeting.stopped.socket);
  (void)meeting.connect(0ms);
  meeting.listener.drop(meeting.attempt.source_port);
}

void ScheduleDirector::connect_to_itself(Meeting& meeting) {
  meeting.listener.close();
  const Endpoint& destination = meeting.listener.endpoint();
  const StoppedDial& stopped = meeting.stopped;
  sockaddr_storage name{};
  const socklen_t length = socket_address(destination, family_of(stopped.own), name);
  const std::uint16_t bound = port_of(stopped.own);
  if (bound != 0 && bound != destination.port) {
    meeting.attempt.instead = fmt::format("its socket has port {} already", bound);
    return refuse(meeting);
  }
  const auto bind_it = [&] { return bind_beside(stopped.socket, name, length); };
  if (bound == 0) {
    if (auto taken = ports_.take(destination, stopped.thread, bind_it); !taken) {
      if (bind_elsewhere(meeting)) refuse(meeting);
      return meeting.kept_from_it(std::move(taken.error()));
    }
  }
  auto called = meeting.connect();
  if (called.outcome.how == How::kNotDialled && called.error == EADDRNOTAVAIL) {
    auto way = ports_.clear(destination, stopped.thread);
    if (!way) {
      meeting.kept_from_it(std::move(way.error()));
    } else if (*way == PortTaker::Way::kCleared) {
      called = meeting.connect();
    }
  }
  if (called.outcome.how == How::kConnected && called.outcome.to_itself()) {
    const ino_t inode = inode_of(stopped.socket);
    seen_.self_connected({.at = seen_.now(),
                          .state = TcpState::kEstablished,
                          .local = destination,
                          .remote = destination,
                          .inode = static_cast<std::uint32_t>(inode)});
    return ports_.note_self_connection(destination, inode);
  }
  if (meeting.attempt.instead.empty()) {
    meeting.failed(fmt::format("it could not be connected to itself: {}", strerror(called.error)));
  }
}

void ScheduleDirector::accept(Meeting& meeting) {
  if (!listen(meeting)) return refuse(meeting);
  // Its port may be that of an attempt that was dropped. That one, should it be sent again right now, hears nothing of the answer.
  meeting.listener.let_all_in();
  const auto called = meeting.connect();
  if (called.outcome.how == How::kConnected) {
    auto accepted = meeting.listener.accept_from(called.outcome.source);
    if (accepted.strangers > 0) {
      seen_.fell_out_of_step(fmt::format(
          "a connection came to {} for which no connect() was stopped: the target dials past the engine "
          "notify, as programs do through io_uring",
          meeting.listener.endpoint().text()));
    }
    meeting.accepted = std::move(accepted.socket);
    if (accepted.error != 0) {
      meeting.failed(fmt::format("accept the connection: {} (ulimit -n)", strerror(accepted.error)));
    } else if (!meeting.accepted) {
      meeting.failed("the connection was not to be accepted");
    }
  } else {
    meeting.attempt.instead = fmt::format("connect() failed: {}", strerror(called.error));
  }
  meeting.listener.let_in_again(meeting.attempt.source_port);
}

bool ScheduleDirector::listen(Meeting& meeting) {
  auto listening = meeting.listener.listen(meeting.stopped.thread);
  if (!listening) meeting.kept_from_it(std::move(listening.error()));
  return listening.has_value();
}

std::optional<std::uint16_t> ScheduleDirector::port_at_bind(const Dial& dial) {
  if (!options_.bound_before || dial.busy > 0) return std::nullopt;
  const Endpoint& destination = *options_.bound_before;
  if (seen_.next_event(destination).kind != EventKind::kSelf) return std::nullopt;
  listener_at(destination).close();
  return destination.port;
}

void ScheduleDirector::remember(Meeting& meeting) {
  ScheduleRecorder::Outcome outcome{.attempt = std::move(meeting.attempt),
                                    .dialled = meeting.dialled,
                                    .thread = meeting.stopped.thread,
                                    .socket = inode_of(meeting.stopped.socket),
                                    .accepted = {}};
  if (meeting.accepted) {
    outcome.accepted = std::make_shared<PeerConnection>(
        std::move(meeting.accepted), options_.conduct(outcome.attempt.event, outcome.attempt.destination));
    outcome.accepted->begin();
  }
  seen_.end_attempt(std::move(outcome));
}

}  // namespace selfconnect
