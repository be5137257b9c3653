// SPDX-License-Identifier: MIT
#include "harness/launch/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/process/v2/environment.hpp>
#include <cerrno>
#include <csignal>

#include "harness/launch/world_launcher.h"

namespace selfconnect {

namespace asio = boost::asio;
namespace bp = boost::process::v2;

namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(errno_error("pipe2"));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<UniqueFd> open_stdin(const std::filesystem::path& file) {
  const char* path = file.empty() ? "/dev/null" : file.c_str();
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::unexpected(errno_error(std::string("open ") + path));
  return fd;
}

// A pipe that is read into a buffer, whenever something is there.
class OutputReader {
 public:
  OutputReader(asio::io_context& context, UniqueFd fd) : descriptor_(context, fd.release()) {
    descriptor_.non_blocking(true);
    wait();
  }

  // A bounded amount at a time, so that a target that floods its output does not keep the harness from its
  // work.
  void drain() {
    std::array<char, 64 * 1024> chunk;
    for (int i = 0; i < kChunks; ++i) {
      const ssize_t size = read(descriptor_.native_handle(), chunk.data(), chunk.size());
      if (size == 0) open_ = false;
      if (size <= 0) return;
      buffer_.append({chunk.data(), static_cast<std::size_t>(size)});
    }
  }

  void close() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

  [[nodiscard]] const OutputBuffer& buffer() const { return buffer_; }

 private:
  static constexpr int kChunks = 16;

  void wait() {
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                           [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
                             if (ec || alive.expired()) return;
                             drain();
                             if (open_) wait();
                           });
  }

  asio::posix::stream_descriptor descriptor_;
  OutputBuffer buffer_;
  bool open_ = true;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // queued handlers cannot be cancelled
};

ExitStatus exit_status(int native) {
  const bool signalled = WIFSIGNALED(native);
  return {.signalled = signalled,
          .code = signalled ? WTERMSIG(native) : WEXITSTATUS(native),
          .at = std::chrono::steady_clock::now()};
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

// Launches and returns the pid of the process in the world, which is a child of this process.
Result<pid_t> spawn(asio::io_context& context, const World& world, const LaunchSpec& spec, int in, int out,
                    int err) {
  auto executable = find_command(spec.command.front());
  if (!executable) return std::unexpected(executable.error());
  UniqueFd net_ns;  // of the far network; init is in the near one
  if (spec.network == Network::kFar) {
    auto far = world.net_ns(spec.network);
    if (!far) return std::unexpected(far.error());
    net_ns = std::move(*far);
  }
  // In the harness's own files this is its own root.
  const std::string root_path = fmt::format("/proc/{}/root", world.init_pid());
  const UniqueFd root(open(root_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return std::unexpected(errno_error("open " + root_path));
  std::error_code nowhere;
  const auto directory = std::filesystem::current_path(nowhere);
  if (nowhere) return std::unexpected(errno_error("find the working directory", nowhere.value()));

  WorldLauncher launcher({.init_pidfd = world.init_pidfd(),
                          .net_ns = net_ns ? net_ns.get() : -1,
                          .user_namespace = world.isolation() == Isolation::kUserAndNetNs,
                          .root = root.get(),
                          .directory = directory.string(),
                          .limits = spec.limits,
                          .kept_descriptor = spec.kept_descriptor,
                          .confinement = spec.confinement});
  const std::vector<std::string> arguments(spec.command.begin() + 1, spec.command.end());
  bp::error_code ec;
  launcher(context.get_executor(), ec, executable->string(), arguments, {in, out, err});
  if (ec) return std::unexpected(errno_error("start " + spec.command.front(), ec.value()));
  return launcher.pid;
}

}  // namespace

Result<std::filesystem::path> find_command(const std::string& name) {
  const bool has_slash = name.find('/') != std::string::npos;
  const std::filesystem::path path = has_slash ? name : bp::environment::find_executable(name).string();
  std::error_code ec;
  const auto found = std::filesystem::status(path, ec);
  if (!std::filesystem::exists(found)) return std::unexpected(error(name + ": command not found"));
  if (std::filesystem::is_directory(found)) return std::unexpected(error(name + ": is a directory"));
  if (access(path.c_str(), X_OK) != 0) return std::unexpected(error(name + ": not executable"));
  return path;
}

struct Process::State {
  State(asio::io_context& context, pid_t pid_in, UniqueFd pidfd_in, UniqueFd out_fd, UniqueFd err_fd)
      : pid(pid_in),
        pidfd(context, pidfd_in.release()),
        out(context, std::move(out_fd)),
        err(context, std::move(err_fd)) {}

  // Not bp::process: Boost.Asio may report a descriptor ready that is not (it reuses its state of one that was closed
  // while an event of it was queued), and bp::process would then wait for the end with a blocking waitpid.
  static void wait(const std::shared_ptr<State>& state) {
    state->pidfd.async_wait(asio::posix::descriptor_base::wait_read,
                            [state](const boost::system::error_code& ec) {
                              if (ec || state->abandoned) return;
                              int native = 0;
                              if (waitpid(state->pid, &native, WNOHANG) == 0) return wait(state);
                              state->ended = exit_status(native);
                              state->changed();
                            });
  }

  pid_t pid;
  asio::posix::stream_descriptor pidfd;
  OutputReader out;
  OutputReader err;
  std::optional<ExitStatus> ended;
  bool abandoned = false;
  std::function<void()> changed;
};

Process::Process(std::shared_ptr<State> state) : state_(std::move(state)) {}

Process::~Process() {
  if (!state_->ended) {
    signal(SIGKILL);
    reap(state_->pid);
  }
  state_->abandoned = true;
  state_->out.close();
  state_->err.close();
  boost::system::error_code ignored;
  state_->pidfd.close(ignored);
}

Result<std::unique_ptr<Process>> Process::launch(asio::io_context& context, const World& world,
                                                 const LaunchSpec& spec, std::function<void()> changed) {
  auto in = open_stdin(spec.stdin_file);
  if (!in) return std::unexpected(in.error());
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out || !err) return std::unexpected((out ? err : out).error());
  auto pid = spawn(context, world, spec, in->get(), out->write.get(), err->write.get());
  if (!pid) return std::unexpected(pid.error());

  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  if (!pidfd) {
    const int cause = errno;
    kill(*pid, SIGKILL);
    reap(*pid);
    return std::unexpected(errno_error("pidfd_open", cause));
  }

  auto state =
      std::make_shared<State>(context, *pid, std::move(pidfd), std::move(out->read), std::move(err->read));
  state->changed = std::move(changed);
  State::wait(state);
  return std::unique_ptr<Process>(new Process(std::move(state)));
}

pid_t Process::pid() const { return state_->pid; }
const std::optional<ExitStatus>& Process::ended() const { return state_->ended; }
const OutputBuffer& Process::out() const { return state_->out.buffer(); }
const OutputBuffer& Process::err() const { return state_->err.buffer(); }

void Process::signal(int number) {
  // By pidfd: once it is reaped its pid may be another's.
  if (!state_->ended) syscall(SYS_pidfd_send_signal, state_->pidfd.native_handle(), number, nullptr, 0);
}

bool Process::about_to_end() const {
  siginfo_t info{};
  return !state_->ended && (waitid(P_PIDFD, static_cast<id_t>(state_->pidfd.native_handle()), &info,
                                   WEXITED | WNOHANG | WNOWAIT) != 0 ||
                            info.si_pid != 0);
}

void Process::drain_output() {
  state_->out.drain();
  state_->err.drain();
}

}  // namespace selfconnect
