// SPDX-License-Identifier: MIT
#include "harness/ports/notify_target.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace selfconnect {

namespace {

constexpr unsigned kPidfdThread = O_EXCL;  // PIDFD_THREAD, Linux 6.9

int pidfd_open(pid_t pid, unsigned flags) { return static_cast<int>(syscall(SYS_pidfd_open, pid, flags)); }

int pidfd_getfd(int pidfd, int fd) { return static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, 0)); }

// 0: there is no such thread.
pid_t process_of(pid_t thread) {
  std::ifstream status(fmt::format("/proc/{}/status", thread));
  for (std::string word; status >> word;) {
    if (word != "Tgid:") continue;
    pid_t process = 0;
    status >> process;
    return process;
  }
  return 0;
}

bool read_memory_file(pid_t thread, std::uint64_t address, std::span<std::byte> to) {
  const UniqueFd memory(open(fmt::format("/proc/{}/mem", thread).c_str(), O_RDONLY | O_CLOEXEC));
  return memory && pread(memory.get(), to.data(), to.size(), static_cast<off_t>(address)) == std::ssize(to);
}

}  // namespace

bool read_memory(pid_t thread, std::uint64_t address, std::span<std::byte> to) {
  const iovec local{to.data(), to.size()};
  const iovec remote{reinterpret_cast<void*>(address), to.size()};
  const ssize_t size = process_vm_readv(thread, &local, 1, &remote, 1, 0);
  if (size < 0 && (errno == EPERM || errno == ENOSYS)) return read_memory_file(thread, address, to);
  return size == std::ssize(to);
}

std::optional<ino_t> socket_inode(pid_t thread, int fd) {
  std::array<char, 64> text;
  const ssize_t size = readlink(fmt::format("/proc/{}/fd/{}", thread, fd).c_str(), text.data(), text.size());
  constexpr std::string_view kBefore = "socket:[";
  const std::string_view link(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (!link.starts_with(kBefore)) return std::nullopt;
  ino_t inode = 0;
  const auto [end, failed] = std::from_chars(link.data() + kBefore.size(), link.data() + link.size(), inode);
  return failed == std::errc{} ? std::optional(inode) : std::nullopt;
}

Result<UniqueFd> DescriptorTaker::take(pid_t thread, int fd) {
  // The pidfd of a thread names that thread for ever: once it is gone, ESRCH, whoever has its id now.
  Known& known = known_[static_cast<std::size_t>(thread) % kKnown];
  if (known.thread == thread) {
    if (const int copy = pidfd_getfd(known.pidfd.get(), fd); copy >= 0) return UniqueFd(copy);
    if (errno != ESRCH) return std::unexpected(errno_error("pidfd_getfd"));
  }
  known = {};
  if (UniqueFd opened(pidfd_open(thread, kPidfdThread)); opened) {
    known = {thread, std::move(opened)};
    if (const int copy = pidfd_getfd(known.pidfd.get(), fd); copy >= 0) return UniqueFd(copy);
    return std::unexpected(errno_error("pidfd_getfd"));
  }
  if (errno != EINVAL) return std::unexpected(errno_error("pidfd_open"));
  // Before Linux 6.9 of processes only. Not kept, for it would outlive the thread.
  const UniqueFd process(pidfd_open(process_of(thread), 0));
  if (!process) return std::unexpected(errno_error("pidfd_open"));
  const int copy = pidfd_getfd(process.get(), fd);
  if (copy < 0) return std::unexpected(errno_error("pidfd_getfd"));
  return UniqueFd(copy);
}

}  // namespace selfconnect
