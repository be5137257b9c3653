// SPDX-License-Identifier: MIT
#include "harness/trace/blocked.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostThreads = 1024;
constexpr int kAlarmBit = SIGALRM - 1;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Empty while it runs.
std::vector<std::uint64_t> system_call(const fs::path& task) {
  std::istringstream words(text_of(task / "syscall"));
  std::vector<std::uint64_t> call;
  std::string word;
  constexpr std::size_t kWords = 7;  // the number, which is decimal, and six arguments
  while (call.size() < kWords && words >> word) {
    if (word == "running" || word.starts_with('-')) return {};
    call.push_back(std::stoull(word, nullptr, 0));
  }
  return call.size() == kWords ? call : std::vector<std::uint64_t>();
}

// A line "NAME:\tVALUE" of /proc/PID/status; 0 when there is none.
std::uint64_t status_value(const std::string& status, std::string_view name, int base) {
  const auto line = status.find(name);
  if (line == std::string::npos) return 0;
  return std::stoull(status.substr(line + name.size()), nullptr, base);
}

// A timer of timerfd_create(2) that is set, or one of timer_create(2) that exists.
bool has_timers(const fs::path& process) {
  if (!text_of(process / "timers").empty()) return true;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(process / "fd", ec)) {
    std::error_code gone;
    if (fs::read_symlink(entry.path(), gone) != "anon_inode:[timerfd]") continue;
    const std::string info = text_of(process / "fdinfo" / entry.path().filename());
    if (info.find("it_value: (0, 0)") == std::string::npos) return true;
  }
  return ec != std::error_code();
}

// Its SYN has no answer yet. In connect(2), but not there yet: stopped before it, by the engine `notify`, say.
bool is_connecting(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info.tcpi_state);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_SYN_SENT;
}

// Where the descriptor is a socket: by O_NONBLOCK, SO_RCVTIMEO, or SO_SNDTIMEO for connect(2), which must be under way.
bool has_limit(pid_t process, int fd, int option) {
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
  const UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), fd, 0)));
  if (!copy) return true;
  struct stat status{};
  if (fstat(copy.get(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  if ((fcntl(copy.get(), F_GETFL) & O_NONBLOCK) != 0) return true;
  if (option == SO_SNDTIMEO && !is_connecting(copy.get())) return true;
  timeval limit{};
  socklen_t size = sizeof(limit);
  return getsockopt(copy.get(), SOL_SOCKET, option, &limit, &size) != 0 || limit.tv_sec != 0 ||
         limit.tv_usec != 0;
}

std::optional<BlockedThread> blocked_thread(pid_t process, const fs::path& task) {
  BlockedThread thread{.thread = static_cast<pid_t>(std::stol(task.filename().native())),
                       .call = system_call(task),
                       .switches = 0};
  if (thread.call.empty()) return std::nullopt;
  const Waiting waiting = waits_without_limit(thread.call);
  if (waiting == Waiting::kNo) return std::nullopt;
  const int option = thread.call.front() == SYS_connect ? SO_SNDTIMEO : SO_RCVTIMEO;
  if (waiting == Waiting::kForDescriptor && has_limit(process, static_cast<int>(thread.call[1]), option))
    return std::nullopt;
  const std::string status = text_of(task / "status");
  if (((status_value(status, "SigCgt:\t", 16) >> kAlarmBit) & 1) != 0) return std::nullopt;
  thread.switches = status_value(status, "voluntary_ctxt_switches:\t", 10);
  return thread;
}

}  // namespace

Waiting waits_without_limit(std::span<const std::uint64_t> call) {
  if (call.size() < 6) return Waiting::kNo;
  const auto for_others = [](bool no_limit) { return no_limit ? Waiting::kForOthers : Waiting::kNo; };
  const auto negative = [&](std::size_t argument) { return static_cast<std::int32_t>(call[argument]) < 0; };
  switch (call[0]) {
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_accept4:
    case SYS_connect:
#ifdef SYS_accept
    case SYS_accept:
#endif
      return Waiting::kForDescriptor;
#ifdef SYS_poll
    case SYS_poll:
      return for_others(negative(3));
    case SYS_select:
      return for_others(call[5] == 0);
    case SYS_epoll_wait:
      return for_others(negative(4));
    case SYS_pause:
#endif
    case SYS_rt_sigsuspend:
    case SYS_wait4:
    case SYS_waitid:
      return Waiting::kForOthers;
    case SYS_epoll_pwait:
      return for_others(negative(4));
    case SYS_epoll_pwait2:
      return for_others(call[4] == 0);
    case SYS_ppoll:
    case SYS_rt_sigtimedwait:
      return for_others(call[3] == 0);
    case SYS_pselect6:
      return for_others(call[5] == 0);
    case SYS_futex: {
      const auto command = static_cast<int>(call[2]) & FUTEX_CMD_MASK;
      const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI;
      return for_others(waits && call[4] == 0);
    }
    default:
      return Waiting::kNo;
  }
}

std::optional<std::vector<BlockedThread>> blocked_threads(std::span<const pid_t> processes) {
  std::vector<BlockedThread> threads;
  for (const pid_t process : processes) {
    const fs::path directory = fmt::format("/proc/{}", process);
    if (has_timers(directory)) return std::nullopt;
    std::error_code ec;
    for (const auto& task : fs::directory_iterator(directory / "task", ec)) {
      auto thread = blocked_thread(process, task.path());
      if (!thread || threads.size() == kMostThreads) return std::nullopt;
      threads.push_back(std::move(*thread));
    }
    if (ec) return std::nullopt;
  }
  if (threads.empty()) return std::nullopt;
  return threads;
}

}  // namespace selfconnect
