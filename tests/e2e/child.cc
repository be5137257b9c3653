// SPDX-License-Identifier: MIT
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace selfconnect::testing {

namespace {

constexpr int kExecFailed = 127;

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> chunk;
  ssize_t size = 0;
  while ((size = pread(fd, chunk.data(), chunk.size(), static_cast<off_t>(text.size()))) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return text;
}

[[noreturn]] void run(const ChildSpec& spec, int out, int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is killed leaves nothing running
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : spec.environment) setenv(name.c_str(), value.c_str(), 1);
  if (!spec.directory.empty() && chdir(spec.directory.c_str()) != 0) _exit(kPrepareFailed);
  if (spec.prepare) spec.prepare();
  std::vector<char*> argv;
  for (const std::string& word : spec.command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv.front(), argv.data());
  _exit(kExecFailed);
}

}  // namespace

Child::Child(const ChildSpec& spec)
    : out_(memfd_create("out", MFD_CLOEXEC)), err_(memfd_create("err", MFD_CLOEXEC)) {
  pid_ = fork();
  if (pid_ == 0) run(spec, spec.out < 0 ? out_.get() : spec.out, spec.err < 0 ? err_.get() : spec.err);
  if (pid_ < 0) std::abort();
  pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      status_(other.status_) {}

Child::~Child() {
  if (pid_ <= 0 || status_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  if (!status_) kill(pid_, number);
}

std::optional<int> Child::wait(std::chrono::nanoseconds longest) {
  if (status_) return status_;
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  const auto by = Clock::now() + longest;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(by - Clock::now()).count();
    const int ready = poll(&ended, 1, static_cast<int>(left > 0 ? left : 0));
    if (ready > 0) break;
    if (ready == 0 && left <= 0) return std::nullopt;
  }
  int status = 0;
  if (waitpid(pid_, &status, 0) != pid_) return std::nullopt;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

std::string Child::out() const { return read_all(out_.get()); }
std::string Child::err() const { return read_all(err_.get()); }

bool eventually(const std::function<bool()>& condition, std::chrono::nanoseconds longest) {
  const auto by = Child::Clock::now() + longest;
  while (!condition()) {
    if (Child::Clock::now() >= by) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace selfconnect::testing
