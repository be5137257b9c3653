// SPDX-License-Identifier: MIT
#include "harness/check/schedule_director.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <thread>

#include "harness/check/held_sockets.h"
#include "harness/ports/watched_connect.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

using How = ConnectOutcome::How;

constexpr auto kLongestWait = 10s;           // for the answer of a network that ends on this machine
constexpr std::size_t kMostDropped = 120;    // ports in one filter, whose jumps reach 255 instructions
constexpr std::size_t kMostSockets = 256;    // remembered per destination
constexpr int kMostStrangers = 64;           // connections that came from elsewhere
constexpr int kMostTries = 64;               // ports tried for one socket
constexpr std::uint16_t kFirstPort = 32768;  // of those tried; the kernel's default range
constexpr std::uint32_t kPorts = 28232;

// IPv4 for an address that IPv6 maps to it (RFC 4291, 2.5.5.2), loopback for the unspecified one: where the connection leads to.
Endpoint reached(Endpoint endpoint) {
  const auto bytes = endpoint.address.bytes();
  constexpr std::size_t kPrefix = 12;
  if (endpoint.address.family() == Family::kIpv6 &&
      bytes.substr(0, kPrefix) == std::string_view("\0\0\0\0\0\0\0\0\0\0\xff\xff", kPrefix)) {
    std::array<std::uint8_t, 4> v4{};
    std::memcpy(v4.data(), bytes.data() + kPrefix, v4.size());
    endpoint.address = Address::v4(v4);
  }
  const bool unspecified = std::ranges::all_of(endpoint.address.bytes(), [](char byte) { return byte == 0; });
  if (unspecified) endpoint.address = Address::loopback(endpoint.address.family());
  return endpoint;
}

std::uint16_t port_of(const sockaddr_storage& address) { return Endpoint::from_sockaddr(address).port; }

ino_t inode_of(int socket) {
  struct stat status{};
  return fstat(socket, &status) == 0 ? status.st_ino : 0;
}

bool is_closed(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info.tcpi_state);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

// Lets nothing in: what arrives at the socket is dropped before TCP sees it (socket(7), SO_ATTACH_FILTER).
void let_nothing_in(int socket) {
  sock_filter nothing{.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = 0};
  const sock_fprog program{.len = 1, .filter = &nothing};
  setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

// Whether its connection has failed, has been ended by the far end, or leads nowhere, once the attempt is over.
bool leads_nowhere(const ScheduledAttempt& attempt) {
  switch (attempt.event.kind) {
    case EventKind::kRefuse:
    case EventKind::kSelf:
    case EventKind::kExhausted:
    case EventKind::kClose:
    case EventKind::kReset:
    case EventKind::kHalfClose:
      return true;
    default:
      return !attempt.instead.empty();
  }
}

}  // namespace

struct ScheduleDirector::Meeting {
  const StoppedDial& stopped;
  Place& place;
  ScheduledAttempt attempt;
  DialAnswer answer;
  UniqueFd accepted;
  bool dialled = false;  // a SYN was sent

  ConnectAnswer connect(std::chrono::milliseconds patience = kLongestWait) {
    const ConnectAnswer called = watched_connect(stopped.socket, stopped.destination, patience);
    dialled = called.outcome.how != How::kNotDialled;
    attempt.source_port = called.outcome.source.port;
    answer.port = attempt.source_port;
    if (!called.goes_on) {
      answer.how = DialAnswer::How::kReturn;
      answer.error = called.error;
    } else if (called.outcome.how == How::kConnected) {
      answer.how = DialAnswer::How::kReturn;
      answer.error = finish_connect(stopped.socket, stopped.destination);
    }
    return called;
  }
};

ScheduleDirector::ScheduleDirector(boost::asio::io_context& context, const World& world,
                                   ScheduleDirections directions, Clock::time_point start,
                                   std::function<void()> changed)
    : context_(context),
      world_(world),
      directions_(std::move(directions)),
      start_(start),
      changed_(std::move(changed)) {}

ScheduleDirector::~ScheduleDirector() {
  for (const Accepted& accepted : accepted_) accepted.connection->end();
}

DialAnswer ScheduleDirector::dial(const StoppedDial& stopped) {
  const Endpoint destination = reached(stopped.dial.destination);
  Place& place = place_of(destination);
  Meeting meeting{.stopped = stopped,
                  .place = place,
                  .attempt = {.number = 0,
                              .destination = destination,
                              .event = {},
                              .instead = {},
                              .held_by = {},
                              .source_port = 0,
                              .at = now(),
                              .peer = {}},
                  .answer = {},
                  .accepted = {}};
  {
    const std::scoped_lock lock(mutex_);
    meeting.attempt.number = ++newest_[destination];
    dialling_ = true;
  }
  meeting.attempt.event = event_of(directions_.schedule, meeting.attempt.number);
  if (stopped.fast_open) {
    meeting.attempt.instead = "it dials by TCP fast open";
    const std::scoped_lock lock(mutex_);
    out_of_step_ =
        fmt::format("the target dials {} by TCP fast open, which a schedule cannot stop", destination.text());
  } else {
    meet(meeting);
  }
  remember(meeting);
  return meeting.answer;
}

ScheduleDirector::Place& ScheduleDirector::place_of(const Endpoint& destination) {
  const auto [place, fresh] = places_.try_emplace(destination);
  if (fresh) place->second.endpoint = destination;
  return place->second;
}

void ScheduleDirector::meet(Meeting& meeting) {
  if (!meeting.place.dropped.empty()) {
    const int none = 0;  // of an earlier attempt with the same socket
    setsockopt(meeting.stopped.socket, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
  }
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
  if (port_of(meeting.stopped.own) != 0 || directions_.reserved.contains(meeting.place.endpoint.port))
    return true;
  Endpoint name = Endpoint::from_sockaddr(meeting.stopped.own);
  for (int tries = 0; tries < kMostTries; ++tries) {
    name.port = static_cast<std::uint16_t>(kFirstPort + random_.below(kPorts));
    if (name.port == meeting.place.endpoint.port) continue;
    sockaddr_storage storage{};
    const socklen_t length = name.to_sockaddr(storage);
    if (bind_beside(meeting.stopped.socket, storage, length) == 0) return true;
    if (errno != EADDRINUSE) break;
  }
  meeting.attempt.instead = fmt::format("no source port for it: {}", strerror(errno));
  return false;
}

void ScheduleDirector::refuse(Meeting& meeting) {
  stop_listening(meeting.place);
  const auto called = meeting.connect();
  if (called.outcome.how == How::kRefused) return;
  meeting.attempt.instead = called.outcome.how == How::kNotDialled
                                ? fmt::format("connect() failed: {}", strerror(called.error))
                                : "somebody else listens there";
}

void ScheduleDirector::drop(Meeting& meeting) {
  Place& place = meeting.place;
  if (!listen(place, meeting)) return refuse(meeting);
  // Everything, while its port is not known yet.
  let_nothing_in(place.listener.get());
  let_nothing_in(meeting.stopped.socket);
  (void)meeting.connect(0ms);
  place.dropped.push_back(meeting.attempt.source_port);
  if (place.dropped.size() > kMostDropped) place.dropped.erase(place.dropped.begin());
  let_nothing_dropped_in(place);
}

// SYNs of those ports, sent again, are dropped as the first ones were.
void ScheduleDirector::let_nothing_dropped_in(Place& place) {
  if (place.dropped.empty() || !place.listener) return;
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0)};  // the source port (RFC 9293, 3.1)
  const auto count = place.dropped.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto to_drop = static_cast<std::uint8_t>(count - i);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, place.dropped[i], to_drop, 0));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, 0xffffffff));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  const sock_fprog whole{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  setsockopt(place.listener.get(), SOL_SOCKET, SO_ATTACH_FILTER, &whole, sizeof(whole));
}

void ScheduleDirector::let_everything_in(Place& place) {
  const int none = 0;
  if (!place.dropped.empty()) {
    setsockopt(place.listener.get(), SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));
  }
}

void ScheduleDirector::connect_to_itself(Meeting& meeting) {
  Place& place = meeting.place;
  place.listener.reset();
  place.listening = false;
  sockaddr_storage name{};
  Endpoint own = place.endpoint;
  if (meeting.stopped.own.ss_family == AF_INET6 && own.address.family() == Family::kIpv4) {
    own = meeting.stopped.dial.destination;  // the mapped address
  }
  const socklen_t length = own.to_sockaddr(name);
  const std::uint16_t bound = port_of(meeting.stopped.own);
  if (bound != 0 && bound != own.port) {
    meeting.attempt.instead = fmt::format("the target's socket is bound to port {}", bound);
    return refuse(meeting);
  }
  const auto bind_it = [&] { return bind_beside(meeting.stopped.socket, name, length); };
  if (bound == 0 && !take_port(meeting, bind_it)) {
    const std::string why = meeting.attempt.instead;
    if (bind_elsewhere(meeting)) refuse(meeting);
    meeting.attempt.instead = why;
    return;
  }
  auto called = meeting.connect();
  const auto is_taken = [&] {
    return called.outcome.how == How::kNotDialled && called.error == EADDRNOTAVAIL;
  };
  if (is_taken() && clear_the_way(meeting) == Way::kCleared) called = meeting.connect();
  if (called.outcome.how == How::kConnected && called.outcome.to_itself()) {
    place.own_sockets.insert(inode_of(meeting.stopped.socket));
    return;
  }
  if (meeting.attempt.instead.empty()) {
    meeting.attempt.instead = fmt::format("it could not be connected to itself: {}", strerror(called.error));
  }
}

void ScheduleDirector::accept(Meeting& meeting) {
  Place& place = meeting.place;
  if (!listen(place, meeting)) return refuse(meeting);
  // Its port may be that of an attempt that was dropped. That one, should it be sent again right now, hears nothing of the answer.
  let_everything_in(place);
  const auto called = meeting.connect();
  if (called.outcome.how == How::kConnected) {
    meeting.accepted = accept_from(place, reached(called.outcome.source), meeting);
  } else {
    meeting.attempt.instead = fmt::format("connect() failed: {}", strerror(called.error));
  }
  std::erase(place.dropped, meeting.attempt.source_port);
  let_nothing_dropped_in(place);
}

UniqueFd ScheduleDirector::accept_from(const Place& place, const Endpoint& client, Meeting& meeting) {
  pollfd wait{.fd = place.listener.get(), .events = POLLIN, .revents = 0};
  const auto by = Clock::now() + kLongestWait;
  for (int strangers = 0; strangers < kMostStrangers; ++strangers) {
    while (Clock::now() < by && poll(&wait, 1, 1000) <= 0) continue;
    sockaddr_storage from{};
    socklen_t length = sizeof(from);
    UniqueFd accepted(accept4(place.listener.get(), reinterpret_cast<sockaddr*>(&from), &length,
                              SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted && Clock::now() >= by) break;
    if (!accepted) continue;
    if (reached(Endpoint::from_sockaddr(from)) == client) return accepted;
    const std::scoped_lock lock(mutex_);
    out_of_step_ = fmt::format(
        "a connection came to {} for which no connect() was stopped: the target dials past the engine "
        "notify, as programs do through io_uring",
        place.endpoint.text());
  }
  meeting.attempt.instead = "the connection was not to be accepted";
  return {};
}

bool ScheduleDirector::listen(Place& place, Meeting& meeting) {
  if (!place.listener) {
    const int domain = place.endpoint.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
    auto socket = world_.socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (!socket) {
      meeting.attempt.instead = socket.error().message;
      return false;
    }
    const int on = 1;
    setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_storage storage{};
    const socklen_t length = place.endpoint.to_sockaddr(storage);
    const auto bind_it = [&] {
      return bind(socket->get(), reinterpret_cast<const sockaddr*>(&storage), length);
    };
    if (!take_port(meeting, bind_it)) return false;
    place.listener = std::move(*socket);
  }
  if (!place.listening) {
    let_nothing_dropped_in(place);
    place.listening = place.listener && ::listen(place.listener.get(), SOMAXCONN) == 0;
    if (!place.listening) {
      meeting.attempt.instead = fmt::format("no server can listen there: {}", strerror(errno));
    }
  }
  return place.listening;
}

// What was accepted lives on; the port stays bound, which keeps nobody out who is bound beside it.
void ScheduleDirector::stop_listening(Place& place) {
  if (!place.listening) return;
  shutdown(place.listener.get(), SHUT_RD);
  place.listening = false;
}

bool ScheduleDirector::take_port(Meeting& meeting, const std::function<int()>& bind_it) {
  const std::uint16_t port = meeting.place.endpoint.port;
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (bind_it() == 0) return true;
    if (errno != EADDRINUSE) {
      meeting.attempt.instead = fmt::format("port {} cannot be bound: {}", port, strerror(errno));
      return false;
    }
    const Way way = clear_the_way(meeting);
    if (way == Way::kHeld) return false;
    // A socket that is being closed leaves the table before it leaves the port.
    if (way == Way::kUnknown) std::this_thread::sleep_for(1ms);
  }
  meeting.attempt.instead = fmt::format("port {} is taken", port);
  return false;
}

ScheduleDirector::Way ScheduleDirector::clear_the_way(Meeting& meeting) {
  Place& place = meeting.place;
  if (!sockets_) {
    auto socket = world_.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    if (!socket) return Way::kUnknown;
    sockets_.emplace(std::move(*socket));
  }
  const auto lines = sockets_->sockets(place.endpoint.port, now());
  if (!lines) return Way::kUnknown;
  bool removed = false;
  const SocketLine* own = nullptr;
  for (const SocketLine& line : *lines) {
    if (reached(line.local) != place.endpoint) continue;
    if (line.local == line.remote && line.inode != 0) own = &line;
    if (line.state != TcpState::kTimeWait || !sockets_->destroy(line)) continue;
    removed = true;
    const std::scoped_lock lock(mutex_);
    time_waits_removed_.push_back(line.at);
  }
  if (own != nullptr) {
    const auto known = std::ranges::find(place.sockets.rbegin(), place.sockets.rend(), ino_t{own->inode},
                                         &Place::Socket::inode);
    if (known != place.sockets.rend()) meeting.attempt.held_by = known->attempt;
    meeting.attempt.instead = fmt::format(
        "port {} is held by the target's own self-connection{}", place.endpoint.port,
        known == place.sockets.rend() ? std::string() : fmt::format(" of attempt {}", known->attempt));
    return Way::kHeld;
  }
  const bool let_go = let_beside_dissolved(place, meeting.stopped.thread);
  return removed || let_go ? Way::kCleared : Way::kUnknown;
}

// A socket that was connected to itself and then dissolved, by connect(2) to AF_UNSPEC, but not closed: in the field its port is free,
// for connect() had chosen it. Here it was bound, and keeps it; SO_REUSEADDR lets others in beside it.
bool ScheduleDirector::let_beside_dissolved(Place& place, pid_t thread) {
  bool any = false;
  for (const int descriptor : open_sockets(thread).descriptors_of(place.own_sockets)) {
    const auto copy = taker_.take(thread, descriptor);
    if (!copy || !is_closed(copy->get()) || place.own_sockets.erase(inode_of(copy->get())) == 0) continue;
    const int on = 1;
    any |= setsockopt(copy->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
  }
  return any;
}

std::optional<std::uint16_t> ScheduleDirector::port_at_bind(const Dial& dial) {
  if (!directions_.bound_before || dial.busy > 0) return std::nullopt;
  const Endpoint& destination = *directions_.bound_before;
  std::uint64_t next = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto known = newest_.find(destination);
    next = known == newest_.end() ? 1 : known->second + 1;
  }
  if (event_of(directions_.schedule, next).kind != EventKind::kSelf) return std::nullopt;
  Place& place = place_of(destination);
  place.listener.reset();
  place.listening = false;
  return destination.port;
}

void ScheduleDirector::remember(Meeting& meeting) {
  Place& place = meeting.place;
  place.sockets.push_back({.attempt = meeting.attempt.number,
                           .inode = inode_of(meeting.stopped.socket),
                           .over = leads_nowhere(meeting.attempt)});
  if (place.sockets.size() > kMostSockets) place.sockets.pop_front();
  UniqueFd accepted = std::move(meeting.accepted);
  if (accepted) hand_over(meeting, std::move(accepted));
  const std::scoped_lock lock(mutex_);
  dialling_ = false;
  if (meeting.dialled) ++dialled_;
  if (attempts_.size() < kMostScheduledKept) attempts_.push_back(meeting.attempt);
}

void ScheduleDirector::hand_over(const Meeting& meeting, UniqueFd accepted) {
  const ScheduledAttempt& attempt = meeting.attempt;
  Accepted handed{.index = 0, .attempt = attempt.number, .connection = {}};
  {
    const std::scoped_lock lock(mutex_);
    handed.index = attempts_.size();
    ++handed_over_;
  }
  handed.connection = std::make_shared<PeerConnection>(
      std::move(accepted), conduct_of(attempt.event, context_, directions_.service(attempt.destination)));
  handed.connection->begin();

  std::function<void()> look;
  if (attempt.number > length(directions_.schedule)) {
    look = [this, thread = meeting.stopped.thread, destination = attempt.destination, number = attempt.number,
            sockets = meeting.place.sockets] { look_at_sockets(thread, destination, number, sockets); };
  }
  boost::asio::post(
      context_, [this, alive = std::weak_ptr(alive_), handed = std::move(handed), look = std::move(look)] {
        if (alive.expired()) return handed.connection->end();
        accepted_.push_back(handed);
        handed.connection->serve(context_, look, changed_);
      });
}

void ScheduleDirector::look_at_sockets(pid_t thread, const Endpoint& destination, std::uint64_t attempt,
                                       const std::deque<Place::Socket>& sockets) {
  if (held_) return;
  const auto open = open_sockets(thread);
  held_ = HeldSockets{.at = now(),
                      .destination = destination,
                      .attempt = attempt,
                      .ended = {},
                      .descriptors = open.descriptors};
  const ino_t current = sockets.back().inode;
  for (const Place::Socket& socket : sockets) {
    if (socket.over && socket.attempt != attempt && socket.inode != current &&
        open.inodes.contains(socket.inode))
      held_->ended.push_back(socket.attempt);
  }
}

std::uint64_t ScheduleDirector::dialled() const {
  const std::scoped_lock lock(mutex_);
  return dialled_;
}

std::string ScheduleDirector::out_of_step() const {
  const std::scoped_lock lock(mutex_);
  return out_of_step_;
}

bool ScheduleDirector::in_quiet_window() const {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t events = length(directions_.schedule);
  return !newest_.empty() &&
         std::ranges::all_of(newest_, [&](const auto& newest) { return newest.second > events; });
}

bool ScheduleDirector::served_in_quiet_window() const {
  if (!in_quiet_window()) return false;
  const std::uint64_t events = length(directions_.schedule);
  return std::ranges::any_of(accepted_, [&](const Accepted& accepted) {
    const PeerView& view = accepted.connection->view();
    return accepted.attempt > events && view.received > 0 && (!directions_.server_speaks || view.sent > 0);
  });
}

bool ScheduleDirector::far_end_waits() const {
  {
    const std::scoped_lock lock(mutex_);
    if (handed_over_ != accepted_.size() || dialling_) return false;
  }
  return std::ranges::all_of(accepted_,
                             [](const Accepted& accepted) { return accepted.connection->waits(); });
}

void ScheduleDirector::tell(Trace& trace) const {
  const std::scoped_lock lock(mutex_);
  trace.schedule = directions_.schedule;
  trace.scheduled = attempts_;
  trace.held = held_;
  for (const Accepted& accepted : accepted_) {
    if (accepted.index < trace.scheduled.size()) {
      trace.scheduled[accepted.index].peer = accepted.connection->view();
    }
  }
  for (const Instant at : time_waits_removed_) {
    trace.server.push_back({.at = at, .what = ServerEvent::What::kTimeWaitRemoved, .detail = {}});
  }
}

}  // namespace selfconnect
