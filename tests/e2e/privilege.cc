// SPDX-License-Identifier: MIT
#include "privilege.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>

#include "child.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect::testing {

namespace {

constexpr unsigned kNamespaceFlags =
    CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// Of the native architecture only, and of the low word of clone's flags, where all of them are.
void filter_namespaces(unsigned clone3_error) {
  std::array<sock_filter, 9> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNamespaceFlags, 1, 2),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | clone3_error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(kPrepareFailed);
}

void deny_calls(const std::vector<unsigned>& calls) {
  std::vector<sock_filter> filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const unsigned call : calls) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(kPrepareFailed);
}

bool bring_lo_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  return ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

}  // namespace

bool write_kernel_file(const std::string& path, const std::string& text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::vector<pid_t> pids_in(const std::string& path) {
  std::ifstream stream(path);
  std::vector<pid_t> pids;
  for (pid_t pid = 0; stream >> pid;) pids.push_back(pid);
  return pids;
}

bool enter_user_namespace(uid_t uid, int more_kinds) {
  const uid_t outer_uid = geteuid();
  const gid_t outer_gid = getegid();
  return unshare(CLONE_NEWUSER | more_kinds) == 0 &&
         write_kernel_file("/proc/self/uid_map", fmt::format("{} {} 1", uid, outer_uid)) &&
         write_kernel_file("/proc/self/setgroups", "deny") &&
         write_kernel_file("/proc/self/gid_map", fmt::format("{} {} 1", uid, outer_gid));
}

void become_nobody() {
  if (geteuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0)
    _exit(kPrepareFailed);
}

void deny_namespaces_by_seccomp() { filter_namespaces(EPERM); }
void deny_namespaces_as_docker_does() { filter_namespaces(ENOSYS); }

void enter_container() {
  if (!enter_user_namespace(kNobody, CLONE_NEWNET) || !bring_lo_up()) _exit(kPrepareFailed);
  deny_calls({SYS_pidfd_getfd, SYS_setns, SYS_mount, SYS_bpf});
  deny_namespaces_as_docker_does();
}

void deny_namespaces_by_sysctl() {
  if (!enter_user_namespace(0, 0) || !write_kernel_file("/proc/sys/user/max_net_namespaces", "0"))
    _exit(kPrepareFailed);
}

}  // namespace selfconnect::testing
