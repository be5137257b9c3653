// What the engine `notify` can do here, tried on children of ours under its filter.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "harness/ports/notify_engine.h"
#include "harness/sys/parent_death.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect {

namespace {

template <class Value>
void say(int to, const Value& value) {
  if (write(to, &value, sizeof(value)) != sizeof(value)) _exit(1);
}

// False: the other side has ended.
template <class Value>
bool hear(int from, Value& value) {
  ssize_t size = 0;
  do {
    size = read(from, &value, sizeof(value));
  } while (size < 0 && errno == EINTR);
  return size == sizeof(value);
}

// A process of ours. Kills and reaps.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

// Says the errno of seccomp(2), then waits for its end.
[[noreturn]] void be_confined(const Confinement& confinement, int out) {
  say(out, install_filter(confinement) ? 0 : errno);
  while (true) pause();
}

struct Outcome {
  int error = 0;  // an errno
  bool to_itself = false;
};

[[noreturn]] void dial_confined(const Confinement& confinement, UniqueFd socket, const Endpoint& destination,
                                Allocator allocator, int out) {
  Outcome outcome;
  if (!install_filter(confinement)) {
    outcome.error = errno;
  } else {
    if (!socket) {
      const int domain = destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
      socket.reset(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }
    const auto connected = connects_to_itself(std::move(socket), destination, allocator);
    outcome = connected ? Outcome{0, *connected} : Outcome{connected.error().code, false};
  }
  say(out, outcome);
  _exit(0);
}

}  // namespace

Result<SocketAccess> notify_works() {
  auto filter = notify_filter(SocketAccess::kMake);
  if (!filter) return std::unexpected(filter.error());
  auto answer = socket_pair();
  // The listener stays in there: nothing that this filter stops is answered.
  const auto listener = socket_pair();
  if (!answer || !listener) return std::unexpected((answer ? listener : answer).error());
  const Confinement confinement{.filter = std::move(*filter), .listener_to = listener->far.get()};
  const int known = 0x5e1f;  // at the same address in the child
  const pid_t self = getpid();
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) {
    end_with_parent(self);
    be_confined(confinement, answer->far.get());
  }
  const Child child(pid);
  answer->far.reset();
  int failed = 0;
  if (!hear(answer->near.get(), failed)) {
    return std::unexpected(error("seccomp: the process that tried it was killed"));
  }
  if (failed == EBUSY) {
    return std::unexpected(
        errno_error("seccomp: this process is under a filter with a listener already", EBUSY));
  }
  if (failed != 0) return std::unexpected(errno_error("seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)", failed));
  int seen = 0;
  if (!read_memory(pid, reinterpret_cast<std::uint64_t>(&known),
                   std::as_writable_bytes(std::span(&seen, 1))) ||
      seen != known) {
    return std::unexpected(
        error("read the memory of a child: process_vm_readv and /proc/PID/mem are denied"));
  }
  DescriptorTaker taker;
  return taker.take(pid, answer->near.get()) ? SocketAccess::kTake : SocketAccess::kMake;
}

Result<bool> NotifyEngine::probe(const Endpoint& destination, Allocator allocator) {
  auto answer = socket_pair();
  if (!answer) return std::unexpected(answer.error());
  UniqueFd socket;
  if (world_ != nullptr && world_->isolation() != Isolation::kNone) {  // so that the child need not enter it
    auto made =
        world_->socket(destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
    if (!made) return std::unexpected(made.error());
    socket = std::move(*made);
  }
  const pid_t self = getpid();
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) {
    end_with_parent(self);
    dial_confined(confinement(), std::move(socket), destination, allocator, answer->far.get());
  }
  const Child child(pid);
  answer->far.reset();
  Outcome outcome;
  const bool heard = hear(answer->near.get(), outcome);
  supervisor_->forget_attempts();
  if (!heard) return std::unexpected(error("probe the engine notify: the process that tried it was killed"));
  if (outcome.error != 0) return std::unexpected(errno_error("probe the engine notify", outcome.error));
  return outcome.to_itself;
}

}  // namespace selfconnect
