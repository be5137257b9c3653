// What this machine lets the harness do, tried for real: in a world that is made for it and gone afterwards. Used
// by `doctor` and by tests that need a capability. Changes nothing of the host and leaves nothing behind.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/sys/error.h"

namespace selfconnect {

enum class Ability {
  kUserNamespace,  // unshare(CLONE_NEWUSER)
  kWorld,          // network, PID and mount namespaces, with `lo` up: World::create
  kForcing,        // the best engine that works here: a probe connects to itself
  kCapture,        // packets of the world
  kSocketTable,    // sock_diag(7) in the world
  kSocketDestroy,  // SOCK_DESTROY
  kVeth,           // a second network
  kPortHook,       // engine `hook`: a probe connects to itself
  kCgroup2,        // a cgroup v2 can be made
  kSeccompNotify,  // a process of ours may be stopped and seen into: engine `notify`
  kPidfdGetfd,     // pidfd_getfd(2) on a child
};
[[nodiscard]] std::string_view ability_name(Ability ability);  // "packet capture"

struct Probed {
  Ability ability = Ability::kWorld;
  Result<std::string> outcome;  // what there is to say of it, or why it lacks
};

// Every ability, in the order above. Makes child processes, so call it from one thread.
[[nodiscard]] std::vector<Probed> probe_abilities();

// No isolated network, but the engine notify: `check` can force ports in the network at hand (World::here()).
[[nodiscard]] bool works_without_world(std::span<const Probed> probed);

// The first of those that `check` cannot do without that lacks.
[[nodiscard]] const Probed* missing_for_check(std::span<const Probed> probed);

// What is known to keep namespaces and BPF from ordinary users. A file that is not there is not set.
struct Restrictions {
  std::optional<std::string> max_user_namespaces;  // sysctl user.max_user_namespaces
  std::optional<std::string> unprivileged_userns;  // sysctl kernel.unprivileged_userns_clone (Debian)
  std::optional<std::string> apparmor_userns;  // sysctl kernel.apparmor_restrict_unprivileged_userns (Ubuntu)
  std::optional<std::string> unprivileged_bpf;  // sysctl kernel.unprivileged_bpf_disabled
  bool seccomp_filter = false;                  // this process is under one, as in containers
  bool root = false;                            // effective uid 0

  bool operator==(const Restrictions&) const = default;
};
[[nodiscard]] Restrictions read_restrictions();

// A file of /proc or /sys, without the white space at its end.
[[nodiscard]] Result<std::string> read_kernel_text(const std::string& path);

}  // namespace selfconnect
