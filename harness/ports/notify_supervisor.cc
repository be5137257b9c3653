// SPDX-License-Identifier: MIT
#include "harness/ports/notify_supervisor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ranges>
#include <utility>

#include "harness/ports/call_memory.h"
#include "harness/ports/dialled_socket.h"
#include "harness/ports/watched_connect.h"
#include "harness/sys/descriptor_message.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect {

namespace {

using Kind = NotifyCall::Kind;

bool still_valid(int listener, std::uint64_t id) {
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
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
  if (answered.event) record_.note(std::move(*answered.event));
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

NotifySupervisor::Answer NotifySupervisor::answer(int listener, const seccomp_notif& stopped) {
  const pid_t thread = static_cast<pid_t>(stopped.pid);
  const auto call = read_call(thread, stopped.data);
  if (!call) return {};
  made_.let_go_of_closed();
  if (call->kind == Kind::kListen) {
    socket_of(thread, static_cast<int>(call->arguments[0])).reset();
    return {};
  }
  if (call->kind == Kind::kBind) return answer_bind(listener, stopped, *call);
  if (call->kind == Kind::kSocket) return answer_socket(listener, stopped, *call);
  const auto destination = read_destination(thread, *call);
  if (!destination) return {};
  return answer_dial(listener, stopped, *call, *destination);
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
    const Dial dial{.destination = destination, .attempt = record_.next_attempt(destination)};
    return {.how = Answer::How::kError,
            .value = ENETUNREACH,
            .event = NotifyEvent{std::chrono::steady_clock::now(), thread, dial}};
  }
  auto asked = ask_dialled(socket.get());
  if (!asked || !asked->dials) return {};
  const std::scoped_lock taking(taking_);
  const auto take = taker();
  const bool watched = reach_ == Reach::kLoopbackOnly && call.kind == Kind::kConnect;
  Dial dial{.destination = destination, .attempt = record_.next_attempt(destination)};
  if (take) {
    const DialAnswer taken = (*take)({.dial = dial,
                                      .thread = thread,
                                      .socket = socket.get(),
                                      .destination = address,
                                      .own = asked->own,
                                      .fast_open = call.kind != Kind::kConnect});
    Answer answer{.event = NotifyEvent{std::chrono::steady_clock::now(), thread, dial, taken.port}};
    if (taken.how == DialAnswer::How::kGoOn) return answer;
    answer.how = taken.error == 0 ? Answer::How::kValue : Answer::How::kError;
    answer.value = taken.error;
    return answer;
  }
  std::uint16_t port = ntohs(port_in(asked->own));
  if (port == 0) port = bind_to_choice(socket.get(), asked->own, asked->length, dial);
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
  auto address = read_bound_address(thread, call);
  if (!address || (access_ == SocketAccess::kTake && port_in(*address) != 0)) return {};
  UniqueFd socket = socket_of(thread, static_cast<int>(call.arguments[0]));
  if (!socket || !still_valid(listener, stopped.id) || !is_tcp(socket.get())) return {};
  const bool asks_for_a_port = port_in(*address) == 0 && !binds_no_port(socket.get());
  const auto length = static_cast<socklen_t>(call.arguments[2]);
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
  record_.note_missed();
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

}  // namespace selfconnect
