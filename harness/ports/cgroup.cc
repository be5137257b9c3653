// SPDX-License-Identifier: MIT
#include "harness/ports/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <ranges>

#include "harness/sys/socket_pair.h"

namespace selfconnect {

namespace {

constexpr time_t kReaperPatience = 60;  // seconds; what the kernel holds for longer it may keep
constexpr int kLookAgain = 100;         // ms, should an event be missed

// ---- The reaper: a child that never execs, so system calls only.

enum ReaperFd { kLifeline = 3, kParent, kFirstOther };

void write_one(const char* path) {
  const int fd = openat(kParent, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;  // before Linux 5.14: the world's end kills them too
  (void)!write(fd, "1", 1);
  close(fd);
}

struct ReaperPaths {
  const char* directory;
  const char* kill;    // DIRECTORY/cgroup.kill
  const char* events;  // DIRECTORY/cgroup.events
};

[[noreturn]] void reap_cgroup(const ReaperPaths& paths) {
  char byte = 0;
  while (read(kLifeline, &byte, 1) < 0 && errno == EINTR) continue;
  write_one(paths.kill);
  const int events = openat(kParent, paths.events, O_RDONLY | O_CLOEXEC);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  for (const time_t by = now.tv_sec + kReaperPatience; now.tv_sec < by;
       clock_gettime(CLOCK_MONOTONIC, &now)) {
    std::array<char, 128> text{};
    (void)!pread(events, text.data(), text.size(), 0);  // a change after this read wakes the poll
    if (unlinkat(kParent, paths.directory, AT_REMOVEDIR) == 0 || errno != EBUSY) _exit(0);
    pollfd changed{.fd = events, .events = POLLPRI, .revents = 0};
    poll(&changed, 1, kLookAgain);
  }
  _exit(1);
}

// Nothing of the harness stays with it: neither descriptors, BPF links among them, nor the terminal's signals.
void become_reaper(int lifeline, int parent) {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_IGN);
  setsid();
  prctl(PR_SET_NAME, "selfconnect-cg");
  const int lifeline_copy = fcntl(lifeline, F_DUPFD_CLOEXEC, kFirstOther);
  const int parent_copy = fcntl(parent, F_DUPFD_CLOEXEC, kFirstOther);
  if (dup3(lifeline_copy, kLifeline, O_CLOEXEC) < 0 || dup3(parent_copy, kParent, O_CLOEXEC) < 0) _exit(1);
  close_range(0, kLifeline - 1, 0);
  close_range(kFirstOther, ~0U, 0);
  const char ready = 0;
  if (send(kLifeline, &ready, 1, MSG_NOSIGNAL) != 1) _exit(1);
}

// ---- The harness.

Result<std::string> read_text(const char* path) {
  std::ifstream file(path);
  if (!file) return std::unexpected(errno_error(fmt::format("open({})", path)));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<UniqueFd> open_directory(int at, const std::string& path) {
  UniqueFd fd(openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return std::unexpected(errno_error(fmt::format("open({})", path)));
  return fd;
}

// The hierarchy where it is mounted nowhere: a mount without a mount point, gone with its descriptor (fsmount(2)).
Result<UniqueFd> mount_detached() {
  const UniqueFd context(static_cast<int>(syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC)));
  if (!context)
    return std::unexpected(errno_error("no cgroup v2 is mounted for writing, and fsopen(cgroup2)"));
  if (syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return std::unexpected(errno_error("no cgroup v2 is mounted for writing, and fsconfig(cgroup2)"));
  UniqueFd mount(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount)
    return std::unexpected(errno_error("no cgroup v2 is mounted for writing, and fsmount(cgroup2)"));
  return open_directory(mount.get(), ".");
}

Result<UniqueFd> open_root() {
  const auto mountinfo = read_text("/proc/self/mountinfo");
  if (mountinfo) {
    const auto mount = find_cgroup2_mount(*mountinfo);
    // Read-only in a container: a mount of our own may still be allowed.
    if (mount && access(mount->c_str(), W_OK) != 0 && errno == EROFS) return mount_detached();
    if (mount) return open_directory(AT_FDCWD, *mount);
  }
  return mount_detached();
}

// Below our own: that is what is delegated to us (cgroups(7)). What cannot be seen from here is passed over.
Result<UniqueFd> open_parent() {
  auto root = open_root();
  if (!root) return root;
  const auto proc_cgroup = read_text("/proc/self/cgroup");
  if (!proc_cgroup) return root;
  const auto path = find_cgroup2_path(*proc_cgroup);
  if (!path || path->contains("..")) return root;
  auto own = open_directory(root->get(), "." + *path);
  return own ? std::move(own) : std::move(root);
}

Result<std::string> new_name() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number))
    return std::unexpected(errno_error("getrandom"));
  return fmt::format("selfconnect-{}-{:016x}", getpid(), number);
}

}  // namespace

Result<Cgroup> Cgroup::create() {
  auto parent = open_parent();
  if (!parent) return std::unexpected(parent.error());
  auto name = new_name();
  if (!name) return std::unexpected(name.error());
  auto pair = socket_pair(SOCK_STREAM);
  if (!pair) return std::unexpected(pair.error());
  Cgroup cgroup;
  cgroup.name_ = std::move(*name);
  cgroup.parent_ = std::move(*parent);
  cgroup.lifeline_ = std::move(pair->far);

  // First the reaper, out of reach of the terminal, then the cgroup: at no instant can it be left behind.
  const std::string kill = cgroup.name_ + "/cgroup.kill";
  const std::string events = cgroup.name_ + "/cgroup.events";
  const pid_t reaper = fork();
  if (reaper < 0) return std::unexpected(errno_error("fork"));
  if (reaper == 0) {
    become_reaper(pair->near.get(), cgroup.parent_.get());
    reap_cgroup({cgroup.name_.c_str(), kill.c_str(), events.c_str()});
  }
  cgroup.reaper_ = reaper;
  pair->near.reset();
  char ready = 0;
  ssize_t told = 0;
  do {
    told = read(cgroup.lifeline_.get(), &ready, 1);
  } while (told < 0 && errno == EINTR);
  if (told != 1) return std::unexpected(error("make a cgroup: the process that is to remove it was killed"));
  if (mkdirat(cgroup.parent_.get(), cgroup.name_.c_str(), 0755) != 0)
    return std::unexpected(errno_error("make a cgroup: mkdir"));
  auto directory = open_directory(cgroup.parent_.get(), cgroup.name_);
  if (!directory) return std::unexpected(directory.error());
  cgroup.directory_ = std::move(*directory);
  cgroup.procs_.reset(openat(cgroup.directory(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
  if (!cgroup.procs_) return std::unexpected(errno_error("open(cgroup.procs)"));
  return cgroup;
}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  if (this != &other) {
    end();
    name_ = std::move(other.name_);
    parent_ = std::move(other.parent_);
    lifeline_ = std::move(other.lifeline_);
    directory_ = std::move(other.directory_);
    procs_ = std::move(other.procs_);
    reaper_ = other.reaper_;
  }
  return *this;
}

Cgroup::~Cgroup() { end(); }

void Cgroup::end() {
  if (!lifeline_) return;
  procs_.reset();
  directory_.reset();
  lifeline_.reset();
  while (waitpid(reaper_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::optional<std::string> find_cgroup2_mount(std::string_view mountinfo) {
  for (const auto& part : mountinfo | std::views::split('\n')) {
    const std::string_view line(part.begin(), part.end());
    if (!line.contains(" - cgroup2 ")) continue;
    int word = 0;
    for (const auto& field : line | std::views::split(' ')) {
      if (word++ == 4) return std::string(field.begin(), field.end());
    }
  }
  return std::nullopt;
}

std::optional<std::string> find_cgroup2_path(std::string_view proc_cgroup) {
  static constexpr std::string_view kMark = "0::";
  for (const auto& part : proc_cgroup | std::views::split('\n')) {
    const std::string_view line(part.begin(), part.end());
    if (line.starts_with(kMark)) return std::string(line.substr(kMark.size()));
  }
  return std::nullopt;
}

}  // namespace selfconnect
