// SPDX-License-Identifier: MIT
#include "harness/world/maker/account.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <span>

#include "harness/world/maker/proc_files.h"

namespace selfconnect {

namespace {

constexpr char kNetwork[] = "/proc/sys/net";
constexpr char kKernel[] = "/proc/sys/kernel";  // pid_max belongs to the PID namespace since Linux 6.14

// Those of the PID namespace alone, but for the next pid; the second since Linux 6.3.
constexpr const char* kOfPidNamespace[] = {"kernel/pid_max", "vm/memfd_noexec"};

constexpr ssize_t kLongestEvent = sizeof(inotify_event) + NAME_MAX + 1;

InitReply stale(const char* what) {
  errno = ESTALE;
  return failed(what);
}

}  // namespace

InitReply Account::open(Network network) {
  network_ = network;
  if (network == Network::kLeftOut) {
    for (const char* path : kOfPidNamespace) (void)note(path);
  } else {
    events_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (events_ < 0) return failed("inotify_init1");
    if (!watch(kKernel) || !watch_network()) return failed("watch the sysctls");
  }
  mounts_ = ::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  return mounts_ < 0 ? failed("open /proc/self/mountinfo") : InitReply{};
}

bool Account::watch_network() {
  const int network = ::open(kNetwork, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (network < 0) return false;
  const bool watched = watch(kNetwork) && watch_below(network, kNetwork);
  close_quietly(network);
  return watched;
}

bool Account::watch(const char* directory) { return inotify_add_watch(events_, directory, IN_MODIFY) >= 0; }

bool Account::watch_below(int directory, const char* path) {
  alignas(dirent64) std::array<char, 4096> buffer;
  while (true) {
    const long size = syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
    if (size <= 0) return size == 0;
    for (long at = 0; at < size;) {
      const auto& entry = *reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry.d_reclen;
      if (entry.d_type != DT_DIR || entry.d_name[0] == '.') continue;
      std::array<char, 160> whole{};
      const int length = snprintf(whole.data(), whole.size(), "%s/%s", path, entry.d_name);
      if (length >= static_cast<int>(whole.size())) {
        errno = ENAMETOOLONG;
        return false;
      }
      if (!watch(whole.data())) return false;
      const int below = openat(directory, entry.d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (below < 0) return false;
      const bool done = watch_below(below, whole.data());
      close(below);
      if (!done) return false;
    }
  }
}

bool Account::note(const char* path) {
  for (Sysctl& known : std::span(sysctls_).first(count_)) {
    if (strcmp(known.path.data(), path) != 0) continue;
    known.changed = true;
    return true;
  }
  if (count_ == sysctls_.size()) return false;
  Sysctl& sysctl = sysctls_[count_];
  const int length = snprintf(sysctl.path.data(), sysctl.path.size(), "%s", path);
  if (length >= static_cast<int>(sysctl.path.size()) || !read_sysctl(path, sysctl.value)) return false;
  sysctl.changed = true;
  ++count_;
  return true;
}

bool Account::write_sysctl(const char* path, const char* value) {
  if (network_ == Network::kLeftOut) return selfconnect::write_sysctl(path, value);
  if (!note(path)) lost_count_ = true;
  return write(path, value);
}

bool Account::write(const char* path, const char* value) {
  if (!selfconnect::write_sysctl(path, value)) return false;
  std::array<char, 160> directory{};
  snprintf(directory.data(), directory.size(), "/proc/sys/%s", path);
  char* const slash = strrchr(directory.data(), '/');
  *slash = '\0';
  // The number of a directory that is watched already, as all of them are.
  take_events(inotify_add_watch(events_, directory.data(), IN_MODIFY), slash + 1);
  return true;
}

// Reads what is there. Each event is our own writing of `own_name`, or it was somebody else.
void Account::take_events(int own_directory, const char* own_name) {
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (true) {
    const ssize_t size = read(events_, buffer.data(), buffer.size());
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
      const bool ours = event.wd == own_directory && event.len > 0 && strcmp(event.name, own_name) == 0;
      if (!ours) somebody_else_ = true;
    }
    if (size + kLongestEvent <= static_cast<ssize_t>(buffer.size())) return;  // else more may be there
  }
}

bool Account::lasting_changed() const {
  for (const Sysctl& sysctl : std::span(sysctls_).first(count_)) {
    std::array<char, 512> now{};
    if (!read_sysctl(sysctl.path.data(), now) || strcmp(now.data(), sysctl.value.data()) != 0) return true;
  }
  return false;
}

bool Account::mounts_changed() const {
  pollfd mounts{.fd = mounts_, .events = POLLPRI, .revents = 0};
  return poll(&mounts, 1, 0) != 0;
}

InitReply Account::settle() {
  // The next process of the world is its second again (pid_namespaces(7)).
  if (network_ == Network::kLeftOut) {
    if (!selfconnect::write_sysctl("kernel/ns_last_pid", "1")) return failed("write kernel/ns_last_pid");
    if (lasting_changed()) return stale("a sysctl was changed");
    return mounts_changed() ? stale("a mount was changed") : InitReply{};
  }
  if (!write("kernel/ns_last_pid", "1")) return failed("write kernel/ns_last_pid");
  for (Sysctl& sysctl : std::span(sysctls_).first(count_)) {
    if (!sysctl.changed) continue;
    if (!write(sysctl.path.data(), sysctl.value.data())) return failed("set a sysctl back");
    sysctl.changed = false;
  }
  take_events(-1, "");
  if (lost_count_) return stale("too many sysctls were changed");
  if (somebody_else_) return stale("a sysctl was changed");
  return mounts_changed() ? stale("a mount was changed") : InitReply{};
}

}  // namespace selfconnect
