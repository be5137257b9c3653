// SPDX-License-Identifier: MIT
#include "harness/ports/notify_supervisor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <ranges>
#include <utility>

#include "harness/sys/descriptor_message.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect {

namespace {

using Kind = NotifyCall::Kind;

bool still_valid(int listener, std::uint64_t id) {
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

template <class T>
std::optional<T> read_value(pid_t thread, std::uint64_t address) {
  T value{};
  if (!read_memory(thread, address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
  return value;
}

// An IPv4 or IPv6 address; nothing for any other family, and for what the kernel will not accept itself.
std::optional<sockaddr_storage> read_address(pid_t thread, std::uint64_t address, std::uint64_t length) {
  sockaddr_storage storage{};
  const std::size_t size = std::min<std::uint64_t>(length, sizeof(sockaddr_in6));
  if (size < sizeof(sockaddr_in)) return std::nullopt;
  if (!read_memory(thread, address, std::as_writable_bytes(std::span(&storage, 1)).first(size)))
    return std::nullopt;
  const bool known =
      storage.ss_family == AF_INET || (storage.ss_family == AF_INET6 && size == sizeof(sockaddr_in6));
  return known ? std::optional(storage) : std::nullopt;
}

// sendmsg(2)'s msg_name and msg_namelen.
std::optional<std::pair<std::uint64_t, std::uint32_t>> read_message_name(pid_t thread,
                                                                         const NotifyCall& call) {
  if (call.layout == NotifyCall::Layout::k32Bit) {
    const auto words = read_value<std::array<std::uint32_t, 2>>(thread, call.arguments[1]);
    if (!words) return std::nullopt;
    return std::pair<std::uint64_t, std::uint32_t>{(*words)[0], (*words)[1]};
  }
  const auto message = read_value<msghdr>(thread, call.arguments[1]);
  if (!message) return std::nullopt;
  return std::pair<std::uint64_t, std::uint32_t>{reinterpret_cast<std::uint64_t>(message->msg_name),
                                                 message->msg_namelen};
}

// Where the call dials, if it does.
std::optional<sockaddr_storage> read_destination(pid_t thread, const NotifyCall& call) {
  const auto& argument = call.arguments;
  switch (call.kind) {
    case Kind::kConnect:
      return read_address(thread, argument[1], static_cast<std::uint32_t>(argument[2]));
    case Kind::kSendTo:
      if ((argument[3] & MSG_FASTOPEN) == 0) return std::nullopt;
      return read_address(thread, argument[4], static_cast<std::uint32_t>(argument[5]));
    case Kind::kSendMessage: {
      if ((argument[2] & MSG_FASTOPEN) == 0) return std::nullopt;
      const auto name = read_message_name(thread, call);
      return name ? read_address(thread, name->first, name->second) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

in_port_t& port_in(sockaddr_storage& address) {
  // At the same place in both.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  return reinterpret_cast<sockaddr_in&>(address).sin_port;
}

int option(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(socket, level, name, &value, &size) == 0 ? value : -1;
}

bool is_tcp(int socket) { return option(socket, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP; }

// Not connected, not connecting, not listening.
bool is_closed(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info.tcpi_state);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

// A connection of this closed socket has ended, as a refused non-blocking connect() has, and nobody has asked how: the next
// connect() does no more than that, also where SO_ERROR has been read (net/ipv4/af_inet.c: not SS_UNCONNECTED). It has its
// peer's name still, which goes when it is asked, or dissolved by AF_UNSPEC (tcp_disconnect()).
bool is_to_be_asked(int socket) {
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERNAME, &peer, &size) == 0;
}

// Whether a closed socket that is called `own` has that port. One that the kernel chose is free again, and the name is left. Told
// by a bind() to none at all, which is EINVAL for one that has.
bool has_port(int socket, sockaddr_storage own, socklen_t length) {
  port_in(own) = 0;
  const int before = option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), on = 1;
  if (before < 0) return true;
  setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  const bool was_bound = bind(socket, reinterpret_cast<const sockaddr*>(&own), length) != 0;
  setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &before, sizeof(before));
  return was_bound;
}

bool stays_on_loopback(const Address& address) { return address.is_unspecified() || address.is_loopback(); }

}  // namespace

Result<std::unique_ptr<NotifySupervisor>> NotifySupervisor::start(SocketAccess access, Reach reach) {
  std::unique_ptr<NotifySupervisor> supervisor(new NotifySupervisor(access, reach));
  auto pair = socket_pair();
  if (!pair) return std::unexpected(pair.error());
  supervisor->near_end_ = std::move(pair->near);
  supervisor->far_end_ = std::move(pair->far);
  // Signals of the harness are not for this thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  supervisor->thread_ = std::thread([&supervisor = *supervisor] { supervisor.run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return supervisor;
}

NotifySupervisor::~NotifySupervisor() {
  if (!thread_.joinable()) return;
  shutdown(far_end_.get(), SHUT_WR);
  thread_.join();
}

void NotifySupervisor::choose_by(ChoosePort choose) {
  auto shared = std::make_shared<ChoosePort>(std::move(choose));
  const std::scoped_lock lock(mutex_);
  choose_ = std::move(shared);
}

void NotifySupervisor::dial_by(TakeDial take) {
  std::shared_ptr<const TakeDial> shared;
  if (take) shared = std::make_shared<TakeDial>(std::move(take));
  const std::scoped_lock lock(taking_, mutex_);
  take_ = std::move(shared);
}

std::shared_ptr<const TakeDial> NotifySupervisor::taker() {
  const std::scoped_lock lock(mutex_);
  return take_;
}

std::vector<NotifyEvent> NotifySupervisor::take_events() {
  const std::scoped_lock lock(mutex_);
  std::vector<NotifyEvent> taken(std::make_move_iterator(events_.begin()),
                                 std::make_move_iterator(events_.end()));
  events_.clear();
  return taken;
}

std::uint64_t NotifySupervisor::missed_attempts() {
  const std::scoped_lock lock(mutex_);
  return missed_;
}

void NotifySupervisor::forget_attempts() {
  const std::scoped_lock lock(mutex_);
  asked_ = false;
  attempts_.clear();
  events_.clear();
  missed_ = 0;
}

void NotifySupervisor::run() {
  std::vector<pollfd> waits;
  while (true) {
    waits.assign({{.fd = near_end_.get(), .events = POLLIN, .revents = 0}});
    for (const UniqueFd& listener : listeners_) {
      waits.push_back({.fd = listener.get(), .events = POLLIN, .revents = 0});
    }
    while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) continue;
    for (const pollfd& wait : waits | std::views::drop(1)) {
      if ((wait.revents & POLLIN) != 0) {
        serve(wait.fd);
      } else if (wait.revents != 0) {  // the last process under this filter has ended
        std::erase_if(listeners_, [&](const UniqueFd& known) { return known.get() == wait.fd; });
      }
    }
    if (waits.front().revents != 0 && take_listener() == Message::kEnd) return;
  }
}

NotifySupervisor::Message NotifySupervisor::take_listener() {
  char byte = 0;
  const Received received = receive_message(near_end_.get(), byte);
  if (received.size <= 0) return Message::kEnd;
  UniqueFd listener(received.count == 1 ? received.descriptors.front()
                                        : -1);  // our descriptors may have run out
  if (!listener || listeners_.size() >= kMostListeners) return Message::kListener;
  // Before Linux 6.6 it is slower without.
  (void)ioctl(listener.get(), kSetNotifyFlags, kSyncWakeUp);
  listeners_.push_back(std::move(listener));
  return Message::kListener;
}

void NotifySupervisor::serve(int listener) {
  seccomp_notif stopped{};
  // Does not block: there was something to receive. ENOENT: its thread was killed meanwhile, or got a signal.
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &stopped) != 0) return;
  Answer answered = answer(listener, stopped);
  seccomp_notif_resp response{};
  response.id = stopped.id;
  switch (answered.how) {
    case Answer::How::kGoOn:
      response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      break;
    case Answer::How::kValue:
      response.val = answered.value;
      break;
    case Answer::How::kError:
      response.error = -static_cast<std::int32_t>(answered.value);
      break;
    case Answer::How::kDone:
      return;
  }
  // What is counted and noted must be there when the call goes on, for who looks at it then.
  if (answered.event) note(std::move(*answered.event));
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

NotifySupervisor::Answer NotifySupervisor::answer(int listener, const seccomp_notif& stopped) {
  const pid_t thread = static_cast<pid_t>(stopped.pid);
  NotifyCall call = notify_call(stopped.data);
  if (call.kind == Kind::kSocketCall) {
    const auto words = read_value<std::array<std::uint32_t, 6>>(thread, call.arguments[1]);
    if (!words) return {};
    call = inner_call(call, *words);
  }
  made_.let_go_of_closed();
  if (call.kind == Kind::kListen) {
    socket_of(thread, static_cast<int>(call.arguments[0])).reset();
    return {};
  }
  if (call.kind == Kind::kBind) return answer_bind(listener, stopped, call);
  if (call.kind == Kind::kSocket) return answer_socket(listener, stopped, call);
  const auto destination = read_destination(thread, call);
  if (!destination) return {};
  return answer_dial(listener, stopped, call, *destination);
}

NotifySupervisor::Answer NotifySupervisor::answer_dial(int listener, const seccomp_notif& stopped,
                                                       const NotifyCall& call,
                                                       const sockaddr_storage& address) {
  const pid_t thread = static_cast<pid_t>(stopped.pid);
  const Endpoint destination = Endpoint::from_sockaddr(address);
  UniqueFd socket = socket_of(thread, static_cast<int>(call.arguments[0]));
  if (!socket) count_missed(thread, static_cast<int>(call.arguments[0]));
  if (!socket || !still_valid(listener, stopped.id) || !is_tcp(socket.get())) return {};
  if (reach_ == Reach::kLoopbackOnly && !stays_on_loopback(destination.address)) {
    if (access_ == SocketAccess::kMake) made_.keep(thread, std::move(socket));  // it may dial again
    const Dial dial{.destination = destination, .attempt = next_attempt(destination)};
    return {.how = Answer::How::kError,
            .value = ENETUNREACH,
            .event = NotifyEvent{std::chrono::steady_clock::now(), thread, dial}};
  }
  sockaddr_storage own{};
  socklen_t length = sizeof(own);
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) return {};
  const bool has_name = port_in(own) != 0;
  // A second connect() that asks how the first one went.
  if (has_name && (!is_closed(socket.get()) || is_to_be_asked(socket.get()))) return {};
  if (has_name && !has_port(socket.get(), own, length)) port_in(own) = 0;
  std::uint16_t port = ntohs(port_in(own));
  const std::scoped_lock taking(taking_);
  const auto take = taker();
  const bool watched = reach_ == Reach::kLoopbackOnly && call.kind == Kind::kConnect;
  Dial dial{.destination = destination, .attempt = next_attempt(destination)};
  if (take) {
    const DialAnswer taken = (*take)({.dial = dial,
                                      .thread = thread,
                                      .socket = socket.get(),
                                      .destination = address,
                                      .own = own,
                                      .fast_open = call.kind != Kind::kConnect});
    Answer answer{.event = NotifyEvent{std::chrono::steady_clock::now(), thread, dial, taken.port}};
    if (taken.how == DialAnswer::How::kGoOn) return answer;
    answer.how = taken.error == 0 ? Answer::How::kValue : Answer::How::kError;
    answer.value = taken.error;
    return answer;
  }
  if (port == 0) port = bind_to_choice(socket.get(), own, length, dial);
  Answer answer{.event = NotifyEvent{std::chrono::steady_clock::now(), thread, dial, port}};
  if (!watched) return answer;
  const ConnectAnswer made = watched_connect(socket.get(), address);
  if (access_ == SocketAccess::kMake && made.error == ECONNREFUSED) {
    struct stat status{};
    if (refused_.size() == kMostRefused) refused_.erase(refused_.begin());
    if (fstat(socket.get(), &status) == 0) refused_.insert(status.st_ino);
  }
  answer.event->outcome = made.outcome;
  if (made.goes_on) return answer;
  answer.how = made.error == 0 ? Answer::How::kValue : Answer::How::kError;
  answer.value = made.error;
  return answer;
}

NotifySupervisor::Answer NotifySupervisor::answer_bind(int listener, const seccomp_notif& stopped,
                                                       const NotifyCall& call) {
  const pid_t thread = static_cast<pid_t>(stopped.pid);
  const auto length = static_cast<socklen_t>(call.arguments[2]);
  auto address = read_address(thread, call.arguments[1], length);
  if (!address || (access_ == SocketAccess::kTake && port_in(*address) != 0)) return {};
  UniqueFd socket = socket_of(thread, static_cast<int>(call.arguments[0]));
  if (!socket || !still_valid(listener, stopped.id) || !is_tcp(socket.get())) return {};
  const bool asks_for_a_port =
      port_in(*address) == 0 && option(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT) != 1;
  Dial dial{.allocator = Allocator::kBind, .destination = Endpoint::from_sockaddr(*address)};
  const std::uint16_t port = asks_for_a_port ? bind_to_choice(socket.get(), *address, length, dial) : 0;
  if (access_ == SocketAccess::kMake) made_.keep_bound(thread, std::move(socket));  // it may dial yet
  if (port == 0) return {};
  return {.how = Answer::How::kValue,
          .event = NotifyEvent{std::chrono::steady_clock::now(), thread, dial, port}};
}

NotifySupervisor::Answer NotifySupervisor::answer_socket(int listener, const seccomp_notif& stopped,
                                                         const NotifyCall& call) {
  const auto domain = static_cast<int>(call.arguments[0]);
  const auto type = static_cast<int>(call.arguments[1]);
  const auto protocol = static_cast<int>(call.arguments[2]);
  constexpr int kTypeMask = 0xf;
  if ((domain != AF_INET && domain != AF_INET6) || (type & kTypeMask) != SOCK_STREAM ||
      (protocol != 0 && protocol != IPPROTO_TCP)) {
    return {};
  }
  UniqueFd socket(::socket(domain, type | SOCK_CLOEXEC, protocol));
  if (!socket) return {};  // our descriptors have run out, say; the kernel's own socket then
  seccomp_notif_addfd add{};
  add.id = stopped.id;
  add.srcfd = static_cast<std::uint32_t>(socket.get());
  add.newfd_flags = (type & SOCK_CLOEXEC) != 0 ? O_CLOEXEC : 0;
  add.flags = SECCOMP_ADDFD_FLAG_SEND;  // installs and answers in one step
  Answer answer{.how = Answer::How::kDone};
  int installed = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
  if (installed < 0 && errno == EINVAL) {  // before Linux 5.14
    add.flags = 0;
    installed = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
    answer = {.how = Answer::How::kValue, .value = installed};
  }
  if (installed < 0) return {.how = Answer::How::kError, .value = errno};  // EMFILE
  made_.keep(static_cast<pid_t>(stopped.pid), std::move(socket));
  return answer;
}

UniqueFd NotifySupervisor::socket_of(pid_t thread, int fd) {
  if (access_ == SocketAccess::kMake) {
    const auto inode = socket_inode(thread, fd);
    return inode ? made_.give_back(*inode) : UniqueFd();
  }
  auto taken = taker_.take(thread, fd);
  return taken ? std::move(*taken) : UniqueFd();
}

void NotifySupervisor::count_missed(pid_t thread, int fd) {
  if (access_ != SocketAccess::kMake) return;
  const auto inode = socket_inode(thread, fd);
  if (!inode || !refused_.contains(*inode)) return;
  const std::scoped_lock lock(mutex_);
  ++missed_;
}

// 0: none was chosen, or none can be had.
std::uint16_t NotifySupervisor::bind_to_choice(int socket, sockaddr_storage& address, socklen_t length,
                                               Dial& dial) {
  std::shared_ptr<const ChoosePort> choose;
  {
    const std::scoped_lock lock(mutex_);
    choose = choose_;
  }
  if (!choose || !*choose) return 0;
  for (; dial.busy < kMostBusy; ++dial.busy) {
    const auto port = (*choose)(dial);
    if (!port) return 0;
    port_in(address) = htons(*port);
    const int failed = taker() ? bind_beside(socket, address, length)
                               : bind(socket, reinterpret_cast<const sockaddr*>(&address), length);
    if (failed == 0) return *port;
    if (errno != EADDRINUSE && errno != EACCES) return 0;  // EACCES: a privileged port
  }
  return 0;
}

std::uint64_t& NotifySupervisor::attempts_to(const Endpoint& destination) {
  const auto known = attempts_.find(destination);
  if (known != attempts_.end()) return known->second;
  // The further ones share the count of "nowhere".
  return attempts_[attempts_.size() < kMostDestinations ? destination : Endpoint{}];
}

std::uint64_t NotifySupervisor::next_attempt(const Endpoint& destination) {
  const std::scoped_lock lock(mutex_);
  return attempts_to(destination) + 1;
}

void NotifySupervisor::note(NotifyEvent event) {
  asked_ = true;
  const std::scoped_lock lock(mutex_);
  if (event.dial.allocator == Allocator::kConnect) attempts_to(event.dial.destination) = event.dial.attempt;
  if (events_.size() == kMostEvents) {
    events_.pop_front();
    ++missed_;
  }
  events_.push_back(std::move(event));
}

}  // namespace selfconnect
