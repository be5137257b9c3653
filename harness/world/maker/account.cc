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
constexpr char kLastPid[] = "kernel/ns_last_pid";

// Those of the PID namespace alone, but for the next pid; the second since Linux 6.3.
constexpr const char* kOfPidNamespace[] = {"kernel/pid_max", "vm/memfd_noexec"};

constexpr ssize_t kLongestEvent = sizeof(inotify_event) + NAME_MAX + 1;

InitReply stale(const char* what) {
  errno = ESTALE;
  return failed(what);
}

bool write_whole(int file, const char* value) {
  const std::size_t length = strlen(value);
  return pwrite(file, value, length, 0) == static_cast<ssize_t>(length);
}

const char* name_in(const char* path) { return strrchr(path, '/') + 1; }

}  // namespace

InitReply Account::open(Network network) {
  network_ = network;
  if (network == Network::kNoted) {
    events_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (events_ < 0) return failed("inotify_init1");
    if (!watch(kKernel) || !watch_network()) return failed("watch the sysctls");
  }
  Sysctl* const last_pid = add(kLastPid);
  if (last_pid == nullptr) return failed("open kernel/ns_last_pid");
  // The next process of the world is its second again (pid_namespaces(7)).
  snprintf(last_pid->value.data(), last_pid->value.size(), "1");
  if (network == Network::kLeftOut) {
    for (const char* path : kOfPidNamespace) (void)add(path);  // which this kernel may not have
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

Account::Sysctl* Account::add(const char* path) {
  if (count_ == sysctls_.size()) return nullptr;
  Sysctl& sysctl = sysctls_[count_];
  std::array<char, 160> whole{};
  const int length = snprintf(whole.data(), whole.size(), "/proc/sys/%s", path);
  if (length >= static_cast<int>(whole.size()) || strlen(path) >= sysctl.path.size()) return nullptr;
  snprintf(sysctl.path.data(), sysctl.path.size(), "%s", path);
  if (!read_sysctl(path, sysctl.value)) return nullptr;
  sysctl.file = ::open(whole.data(), O_WRONLY | O_CLOEXEC);
  if (sysctl.file < 0) return nullptr;
  if (events_ >= 0) {
    // The number of a directory that is watched already, as all of them are.
    *strrchr(whole.data(), '/') = '\0';
    sysctl.directory = inotify_add_watch(events_, whole.data(), IN_MODIFY);
  }
  ++count_;
  return &sysctl;
}

Account::Sysctl* Account::note(const char* path) {
  for (Sysctl& known : std::span(sysctls_).first(count_)) {
    if (strcmp(known.path.data(), path) == 0) return &known;
  }
  take_events();  // what it is now is what it was at open(), or somebody else has written it
  return add(path);
}

bool Account::write_sysctl(const char* path, const char* value) {
  if (network_ == Network::kLeftOut) return selfconnect::write_sysctl(path, value);
  Sysctl* const sysctl = note(path);
  if (sysctl == nullptr) {
    lost_count_ = true;
    return selfconnect::write_sysctl(path, value);
  }
  sysctl->changed = true;
  return write_whole(sysctl->file, value);
}

bool Account::is_changed(int directory, const char* name) const {
  for (const Sysctl& known : std::span(sysctls_).first(count_)) {
    if (known.changed && known.directory == directory && strcmp(name_in(known.path.data()), name) == 0)
      return true;
  }
  return false;
}

// Each event is of a sysctl that we wrote, and have set back by now, or it was somebody else.
void Account::take_events() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (true) {
    const ssize_t size = read(events_, buffer.data(), buffer.size());
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
      if (event.len == 0 || !is_changed(event.wd, event.name)) somebody_else_ = true;
    }
    if (size + kLongestEvent <= static_cast<ssize_t>(buffer.size())) return;  // else more may be there
  }
}

bool Account::lasting_changed() const {
  for (const Sysctl& sysctl : std::span(sysctls_).first(count_).subspan(1)) {  // all but the next pid
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
  const auto sysctls = std::span(sysctls_).first(count_);
  sysctls.front().changed = true;
  for (const Sysctl& sysctl : sysctls) {
    if (sysctl.changed && !write_whole(sysctl.file, sysctl.value.data())) return failed("set a sysctl back");
  }
  if (network_ == Network::kLeftOut) {
    somebody_else_ = lasting_changed();
  } else {
    take_events();
  }
  for (Sysctl& sysctl : sysctls) sysctl.changed = false;
  if (lost_count_) return stale("too many sysctls were changed");
  if (somebody_else_) return stale("a sysctl was changed");
  return mounts_changed() ? stale("a mount was changed") : InitReply{};
}

}  // namespace selfconnect
