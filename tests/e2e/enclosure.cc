// SPDX-License-Identifier: MIT
#include "enclosure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "checked.h"
#include "harness/sys/unique_fd.h"
#include "privilege.h"

namespace selfconnect::testing {

namespace {

constexpr int kNamespaces = 60;  // of each kind; a check has two at most, but the kernel frees them late

bool mount_all_read_only() {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof(attributes)) != 0)
    return false;
  // A world's own /proc is there to be written, and may not have more rights than this one.
  attributes = {};
  attributes.attr_clr = MOUNT_ATTR_RDONLY;
  return syscall(SYS_mount_setattr, AT_FDCWD, "/proc", 0, &attributes, sizeof(attributes)) == 0;
}

// As many namespaces as the limit allows, all at once: one less is one that was left behind.
int count_possible_namespaces() {
  std::vector<pid_t> children;
  for (int i = 0; i < kNamespaces; ++i) {
    clone_args args{};
    args.flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS;
    args.exit_signal = SIGCHLD;
    const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
    if (pid == 0) {
      for (;;) pause();
    }
    if (pid > 0) children.push_back(pid);
  }
  for (const pid_t pid : children) kill(pid, SIGKILL);
  for (const pid_t pid : children) waitpid(pid, nullptr, 0);
  return static_cast<int>(children.size());
}

bool no_child_lives() {
  pid_t pid = 0;
  while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
  }
  return pid < 0 && errno == ECHILD;
}

std::string names_of_children() {
  std::string names;
  for (const pid_t pid : pids_in(fmt::format("/proc/self/task/{}/children", getpid()))) {
    names += fmt::format(" {} {}", pid, read_file(fmt::format("/proc/{}/comm", pid)));
  }
  return names;
}

[[noreturn]] void run_enclosure(Identity identity, const std::filesystem::path& directory,
                                const std::function<void(const Enclosure&)>& body) {
  const auto limit = [](const char* kind, int most) {
    return write_kernel_file(fmt::format("/proc/sys/user/max_{}_namespaces", kind), std::to_string(most));
  };
  const auto must = [](bool done, const char* what) {
    if (done) return;
    std::fprintf(stderr, "enclosure: %s: %s\n", what, std::strerror(errno));
    _exit(kPrepareFailed);
  };
  must(enter_user_namespace(identity == Identity::kRoot ? 0 : 1000, CLONE_NEWNS), "user namespace");
  must(limit("net", kNamespaces) && limit("pid", kNamespaces) && limit("mnt", kNamespaces + 1), "limits");
  must(mount_all_read_only(), "read-only mounts");
  must(mount("tmpfs", directory.c_str(), "tmpfs", 0, "mode=755") == 0, "mount tmpfs");
  must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "PR_SET_CHILD_SUBREAPER");
  must(chdir(directory.c_str()) == 0, "chdir");
  setenv("TMPDIR", directory.c_str(), 1);
  setenv("HOME", directory.c_str(), 1);
  body(Enclosure(directory));
  std::fflush(nullptr);
  _exit(::testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace

Enclosure::Enclosure(std::filesystem::path directory, std::chrono::nanoseconds patience)
    : directory_(std::move(directory)), mounts_(read_file("/proc/self/mountinfo")), patience_(patience) {}

void Enclosure::expect_no_process_left() const {
  EXPECT_TRUE(eventually(no_child_lives, patience_)) << "processes left:" << names_of_children();
}

void Enclosure::expect_nothing_left(const std::set<std::string>& files) const {
  expect_no_process_left();
  EXPECT_TRUE(eventually([] { return count_possible_namespaces() == kNamespaces; }, patience_))
      << "namespaces left";
  EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts_) << "mounts left";
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const std::string name = entry.path().filename().string();
    EXPECT_TRUE(files.contains(name)) << "file left: " << name;
  }
}

void in_enclosure(Identity identity, const std::function<void(const Enclosure&)>& body) {
  const TempDir directory;
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0) << std::strerror(errno);
  if (child == 0) run_enclosure(identity, directory.path(), body);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "in the enclosure; wait status " << status;
}

}  // namespace selfconnect::testing
