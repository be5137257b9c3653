// SPDX-License-Identifier: MIT
#include "harness/campaign/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "harness/launch/inherited.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect {

namespace {

constexpr int kAboveWorkerDescriptors = 16;
constexpr std::size_t kLongestPartial = 1 << 16;

// Out of the way of the numbers that the worker is given.
Result<UniqueFd> moved_up(UniqueFd fd) {
  UniqueFd up(fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveWorkerDescriptors));
  if (!up) return std::unexpected(errno_error("fcntl(F_DUPFD_CLOEXEC)"));
  return up;
}

struct Ends {
  UniqueFd read;
  UniqueFd write;
};

Result<Ends> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(errno_error("pipe2"));
  auto read_end = moved_up(UniqueFd(ends[0]));
  auto write_end = moved_up(UniqueFd(ends[1]));
  if (!read_end || !write_end) return std::unexpected((read_end ? write_end : read_end).error());
  return Ends{std::move(*read_end), std::move(*write_end)};
}

// A socket, for a write to it raises no SIGPIPE where it is told not to.
Result<Ends> make_orders() {
  auto pair = socket_pair(SOCK_STREAM);
  if (!pair) return std::unexpected(pair.error());
  auto read_end = moved_up(std::move(pair->far));
  auto write_end = moved_up(std::move(pair->near));
  if (!read_end || !write_end) return std::unexpected((read_end ? write_end : read_end).error());
  return Ends{std::move(*read_end), std::move(*write_end)};
}

// What posix_spawn(3) is told; freed with it.
class Spawning {
 public:
  Spawning() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes_, 0);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;

  void put(int fd, int as) { posix_spawn_file_actions_adddup2(&actions_, fd, as); }

  Result<pid_t> spawn(std::vector<std::string> command) {
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    const OpenFilesAsInherited as_inherited;
    const int cause = posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    if (cause != 0) return std::unexpected(errno_error(fmt::format("start {}", argv[0]), cause));
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

Result<UniqueFd> open_moved(const char* path, int flags) {
  UniqueFd fd(open(path, flags | O_CLOEXEC, 0666));
  if (!fd) return std::unexpected(errno_error(fmt::format("open({})", path)));
  return moved_up(std::move(fd));
}

}  // namespace

Result<WorkerProcess> WorkerProcess::spawn(const std::vector<std::string>& command, int board,
                                           const std::filesystem::path& log) {
  auto in = open_moved("/dev/null", O_RDONLY);
  auto out = open_moved(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  if (!in || !out) return std::unexpected((in ? out : in).error());
  auto orders = make_orders();
  auto messages = make_pipe();
  if (!orders || !messages) return std::unexpected((orders ? messages : orders).error());
  fcntl(messages->read.get(), F_SETFL, O_NONBLOCK);

  Spawning spawning;
  spawning.put(in->get(), STDIN_FILENO);
  spawning.put(out->get(), STDOUT_FILENO);
  spawning.put(out->get(), STDERR_FILENO);
  spawning.put(board, kWorkerBoard);
  spawning.put(orders->read.get(), kWorkerOrders);
  spawning.put(messages->write.get(), kWorkerMessages);
  auto pid = spawning.spawn(command);
  if (!pid) return std::unexpected(pid.error());
  WorkerProcess worker;
  worker.pid_ = *pid;
  worker.orders_ = std::move(orders->write);
  worker.messages_ = std::move(messages->read);
  return worker;
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      orders_(std::move(other.orders_)),
      messages_(std::move(other.messages_)),
      partial_(std::move(other.partial_)) {}

WorkerProcess& WorkerProcess::operator=(WorkerProcess&& other) noexcept {
  if (this == &other) return *this;
  end();
  pid_ = std::exchange(other.pid_, -1);
  status_ = other.status_;
  orders_ = std::move(other.orders_);
  messages_ = std::move(other.messages_);
  partial_ = std::move(other.partial_);
  return *this;
}

WorkerProcess::~WorkerProcess() { end(); }

void WorkerProcess::end() {
  if (pid_ < 0 || status_) return;
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  status_ = status;
}

std::vector<WorkerMessage> WorkerProcess::take_messages() {
  std::array<char, 4096> chunk;
  ssize_t size = 0;
  while (partial_.size() < kLongestPartial &&
         (size = read(messages_.get(), chunk.data(), chunk.size())) > 0) {
    partial_.append(chunk.data(), static_cast<std::size_t>(size));
  }
  std::vector<WorkerMessage> messages;
  std::size_t end = 0;
  while ((end = partial_.find('\n')) != std::string::npos) {
    if (auto message = message_from_line(std::string_view(partial_).substr(0, end)))
      messages.push_back(std::move(*message));
    partial_.erase(0, end + 1);
  }
  return messages;
}

void WorkerProcess::interrupt() const {
  // A worker that has ended already needs no order.
  if (send(orders_.get(), &kInterruptOrder, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

std::optional<int> WorkerProcess::ended() {
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

}  // namespace selfconnect
