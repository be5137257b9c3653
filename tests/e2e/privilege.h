// Other identities and fewer rights for a child of a test. Nothing here changes the host.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace selfconnect::testing {

[[nodiscard]] bool write_kernel_file(const std::string& path, const std::string& text);
[[nodiscard]] std::vector<pid_t> pids_in(const std::string& path);

// A user namespace in which the caller is `uid`, with all capabilities until it execs as another than 0, and
// namespaces of these kinds with it. False with errno.
[[nodiscard]] bool enter_user_namespace(uid_t uid, int more_kinds);

inline constexpr uid_t kNobody = 65534;

// For ChildSpec::prepare: each ends the child where it fails.
void become_nobody();                   // an ordinary user; nothing to do where the test's own user is one
void deny_namespaces_by_seccomp();      // EPERM for unshare, clone3, and clone with a namespace flag
void deny_namespaces_as_docker_does();  // likewise, but ENOSYS for clone3
void deny_namespaces_by_sysctl();       // user.max_net_namespaces = 0, in a user namespace
// An ordinary user without capabilities in a network with lo only, under what a container's default seccomp profile denies:
// namespaces, pidfd_getfd, setns, mount, bpf. Needs capability "userns".
void enter_container();

}  // namespace selfconnect::testing
