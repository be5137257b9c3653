// SPDX-License-Identifier: MIT
#include "harness/cli/doctor_text.h"

#include <fmt/format.h>

#include <cerrno>

namespace selfconnect {

namespace {

std::string line(std::string_view mark, std::string_view what, std::string_view detail) {
  std::string text = fmt::format("  {:<8} {:<20} {}", mark, what, detail);
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

std::string hint(std::string_view text) { return fmt::format("  {:<8} {:<20} -> {}\n", "", "", text); }

std::string ability_line(const Probed& probed, const Restrictions& restrictions) {
  const auto name = ability_name(probed.ability);
  if (probed.outcome) return line("ok", name, *probed.outcome);
  std::string text = line("missing", name, probed.outcome.error().message);
  for (const std::string& remedy : remedies(probed, restrictions)) text += hint(remedy);
  return text;
}

// Who keeps namespaces from us, by the settings; empty where no known one does.
// `code` is the errno that the making of the namespaces ended with.
std::vector<std::string> namespace_remedies(int code, const Restrictions& restrictions) {
  if (restrictions.max_user_namespaces == "0") return {"sudo sysctl -w user.max_user_namespaces=10000"};
  if (code == ENOSPC) {  // clone(2): a limit of /proc/sys/user, or 32 namespaces nested in each other
    return {
        "a limit of namespaces is reached: `sysctl -a | grep user.max_` shows them all; "
        "sudo sysctl -w user.max_net_namespaces=10000"};
  }
  std::vector<std::string> found;
  if (restrictions.unprivileged_userns == "0") {
    found.emplace_back("sudo sysctl -w kernel.unprivileged_userns_clone=1");
  }
  if (restrictions.apparmor_userns.value_or("0") != "0" && !restrictions.root) {
    found.emplace_back(
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with "
        "'userns,'");
  }
  if (restrictions.seccomp_filter) {
    found.emplace_back(
        "a seccomp filter is in force, as in containers: docker run --security-opt seccomp=unconfined, or "
        "--cap-add SYS_ADMIN");
  }
  return found;
}

std::string engine_text(bool there) {
  if (there) return line("ok", "fuzz engine", "libFuzzer");
  return line("missing", "fuzz engine", "this selfconnect was built without libFuzzer") +
         hint("sudo apt-get install clang-19 libclang-rt-19-dev, and build it again");
}

std::string ports_text(const Diagnosis& diagnosis) {
  if (!diagnosis.ephemeral) return line("missing", "ephemeral range", diagnosis.ephemeral.error().message);
  const auto [low, high] = *diagnosis.ephemeral;
  std::string text = line("ok", "ephemeral range", fmt::format("{} to {}", low, high));
  const auto reserved = diagnosis.reserved.value_or(std::vector<PortRange>{});
  text += diagnosis.reserved
              ? line("ok", "reserved ports", reserved.empty() ? "none" : port_list_text(reserved))
              : line("missing", "reserved ports", diagnosis.reserved.error().message);
  const auto endangered = listeners_at_risk(diagnosis.listeners, *diagnosis.ephemeral, reserved);
  if (endangered.empty()) return text + line("ok", "services at risk", "none");
  for (const Endpoint& listener : endangered) {
    text +=
        line("at risk", listener.text(),
             "listens inside the ephemeral range: while it is down, its clients may connect to themselves");
  }
  if (diagnosis.reserved) {  // the line replaces what is reserved now, so that must be known
    text += hint(fmt::format("sudo sysctl -w net.ipv4.ip_local_reserved_ports={}",
                             port_list_text(with_ports(reserved, endangered))));
  }
  return text + hint(fmt::format("{}move the services below {}", diagnosis.reserved ? "or " : "", low));
}

}  // namespace

std::vector<std::string> remedies(const Probed& missing, const Restrictions& restrictions) {
  const bool untried = missing.outcome.error().code == 0;
  switch (missing.ability) {
    case Ability::kUserNamespace:
    case Ability::kWorld: {
      auto found = namespace_remedies(missing.outcome.error().code, restrictions);
      if (found.empty()) {
        found.emplace_back(restrictions.root ? "give this root CAP_SYS_ADMIN, or run on the host itself"
                                             : "run selfconnect as root");
      }
      return found;
    }
    case Ability::kForcing:
      if (missing.outcome.error().code == EROFS)
        return {"mount /proc/sys writable: docker run --security-opt systempaths=unconfined"};
      return {};
    case Ability::kCapture:
      if (untried) return {};
      return {"needs a kernel with CONFIG_PACKET, 4.20 or later: sudo modprobe af_packet"};
    case Ability::kSocketTable:
      if (untried) return {};
      return {"needs a kernel with CONFIG_INET_TCP_DIAG: sudo modprobe tcp_diag"};
    case Ability::kSocketDestroy:
      if (untried) return {};
      return {"needs a kernel with CONFIG_INET_DIAG_DESTROY"};
    case Ability::kVeth:
      if (untried) return {};
      return {"needs a kernel with CONFIG_VETH: sudo modprobe veth"};
    case Ability::kPortHook:
      if (untried) return {};  // it says itself what to do
      if (restrictions.root) return {"give this root CAP_BPF and CAP_NET_ADMIN; needs CONFIG_CGROUP_BPF"};
      return {
          fmt::format("run as root, or with CAP_BPF and CAP_NET_ADMIN{}",
                      restrictions.unprivileged_bpf.value_or("0") == "0"
                          ? ""
                          : " (kernel.unprivileged_bpf_disabled=" + *restrictions.unprivileged_bpf + ")")};
    case Ability::kCgroup2:
      return {restrictions.root
                  ? "sudo mount -t cgroup2 none /sys/fs/cgroup"
                  : "run as root, or in a delegated cgroup: systemd-run --user --scope -p Delegate=yes"};
    case Ability::kSeccompNotify:
      return {"needs Linux 5.9 or later with CONFIG_SECCOMP_FILTER"};
    case Ability::kPidfdGetfd:
      return {"needs Linux 5.6 or later; in a container docker run --cap-add SYS_PTRACE"};
  }
  return {};
}

std::string doctor_text(const Diagnosis& diagnosis) {
  std::string text = fmt::format("Linux {}, as {}\n\nselfconnect check\n", diagnosis.kernel,
                                 diagnosis.restrictions.root ? "root" : "an ordinary user");
  for (const Probed& probed : diagnosis.abilities) {
    if (probed.ability == Ability::kPortHook) text += "\nOther ways to force a port\n";
    text += ability_line(probed, diagnosis.restrictions);
  }
  text += "\nselfconnect fuzz\n" + engine_text(diagnosis.fuzz_engine);
  text += "\nPorts of this machine\n" + ports_text(diagnosis);
  if (works_without_world(diagnosis.abilities)) {
    return text +
           "\nselfconnect check and measure can run here, with the engine notify in the network at hand: on "
           "127.0.0.1 and ::1 only,\nand without packets.\n";
  }
  const Probed* missing = missing_for_check(diagnosis.abilities);
  return text + (missing == nullptr
                     ? "\nselfconnect check can run here.\n"
                     : fmt::format("\nselfconnect check cannot run here: {}: {}\n",
                                   ability_name(missing->ability), missing->outcome.error().message));
}

}  // namespace selfconnect
