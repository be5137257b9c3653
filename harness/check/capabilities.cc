// SPDX-License-Identifier: MIT
#include "harness/check/capabilities.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/trim.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>

#include "harness/ports/cgroup.h"
#include "harness/ports/engine_choice.h"
#include "harness/ports/hook_engine.h"
#include "harness/ports/notify_engine.h"
#include "harness/sys/parent_death.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/capture.h"
#include "harness/trace/sock_diag.h"
#include "harness/world/world.h"

namespace selfconnect {

namespace {

using Found = Result<std::string>;
constexpr std::uint16_t kProbePort = 50000;

// A process that is there until this ends.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

Found try_user_namespace() {
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : errno);  // every errno of unshare(2) fits into 8 bits
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status)) return std::unexpected(error("unshare(CLONE_NEWUSER): the process was killed"));
  if (WEXITSTATUS(status) == 0) return "";
  return std::unexpected(errno_error("unshare(CLONE_NEWUSER)", WEXITSTATUS(status)));
}

Found try_forcing(const World& world) {
  const auto best = choose_engine(EngineChoice::kAuto, world);
  if (!best) return std::unexpected(best.error());
  return fmt::format("engine {}", engine_name(best->choice));
}

Found try_port_hook(const World& world) {
  auto engine = make_hook_engine(world);
  if (!engine) return std::unexpected(engine.error());
  if (const auto forced = (*engine)->force(kProbePort, Allocator::kConnect); !forced)
    return std::unexpected(forced.error());
  const auto connected =
      (*engine)->probe({Address::loopback(Family::kIpv4), kProbePort}, Allocator::kConnect);
  const auto released = (*engine)->release({});
  if (!connected) return std::unexpected(connected.error());
  if (!released) return std::unexpected(released.error());
  if (!*connected) return std::unexpected(error("a probe did not connect to itself"));
  return "engine hook";
}

Found try_capture(const World& world) {
  auto socket = world.socket(AF_PACKET, SOCK_DGRAM, 0);
  if (!socket) return std::unexpected(socket.error());
  if (auto capture = Capture::open(std::move(*socket), std::chrono::steady_clock::now()); !capture) {
    return std::unexpected(capture.error());
  }
  return "";
}

Result<SockDiag> open_socket_table(const World& world) {
  auto socket = world.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  if (!socket) return std::unexpected(socket.error());
  return SockDiag(std::move(*socket));
}

Found try_socket_table(const World& world) {
  auto table = open_socket_table(world);
  if (!table) return std::unexpected(table.error());
  if (const auto lines = table->sockets(kProbePort, Instant{}); !lines) return std::unexpected(lines.error());
  return "";
}

Found try_socket_destroy(const World& world) {
  const auto listener = world.socket(AF_INET, SOCK_STREAM, 0);
  if (!listener) return std::unexpected(listener.error());
  sockaddr_storage storage{};
  const socklen_t length = Endpoint{Address::loopback(Family::kIpv4), kProbePort}.to_sockaddr(storage);
  if (bind(listener->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0 ||
      listen(listener->get(), 1) != 0) {
    return std::unexpected(errno_error("listen"));
  }
  auto table = open_socket_table(world);
  if (!table) return std::unexpected(table.error());
  const auto lines = table->sockets(kProbePort, Instant{});
  if (!lines) return std::unexpected(lines.error());
  if (lines->empty()) return std::unexpected(error("the socket table does not show a listening socket"));
  if (const auto destroyed = table->destroy(lines->front()); !destroyed)
    return std::unexpected(destroyed.error());
  return "";
}

Found try_veth(const World& world) {
  if (const auto far = world.connect_far(Family::kIpv4); !far) return std::unexpected(far.error());
  return "";
}

Found try_cgroup2() {
  const auto cgroup = Cgroup::create();
  if (!cgroup) return std::unexpected(cgroup.error());
  return "";
}

Found try_seccomp_notify() {
  const auto access = notify_works();
  if (!access) return std::unexpected(access.error());
  return "engine notify";
}

// A child of the same user that waits; its standard error is what is taken.
Found try_pidfd_getfd() {
  const pid_t self = getpid();
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) {
    end_with_parent(self);
    pause();
    _exit(0);
  }
  const Child child(pid);
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) return std::unexpected(errno_error("pidfd_open"));
  const UniqueFd taken(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), STDERR_FILENO, 0)));
  if (!taken) return std::unexpected(errno_error("pidfd_getfd"));
  return "";
}

}  // namespace

std::string_view ability_name(Ability ability) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "user namespace", "isolated network", "forced self-connect", "packet capture",
      "socket table",   "socket removal",   "second network",      "BPF port hook",
      "cgroup v2",      "seccomp notify",   "pidfd_getfd"};
  return kNames.at(static_cast<std::size_t>(ability));
}

std::vector<Probed> probe_abilities() {
  std::vector<Probed> probed;
  const auto add = [&](Ability ability, Found outcome) { probed.push_back({ability, std::move(outcome)}); };
  add(Ability::kUserNamespace, try_user_namespace());
  const auto world = World::create();
  const auto add_in_world = [&](Ability ability, Found (*attempt)(const World&)) {
    add(ability, world ? attempt(*world) : Found(std::unexpected(error("not tried: no isolated network"))));
  };
  add(Ability::kWorld,
      world ? Found(isolation_name(world->isolation())) : Found(std::unexpected(world.error())));
  add_in_world(Ability::kForcing, try_forcing);
  add_in_world(Ability::kCapture, try_capture);
  add_in_world(Ability::kSocketTable, try_socket_table);
  add_in_world(Ability::kSocketDestroy, try_socket_destroy);
  add_in_world(Ability::kVeth, try_veth);
  add_in_world(Ability::kPortHook, try_port_hook);
  add(Ability::kCgroup2, try_cgroup2());
  add(Ability::kSeccompNotify, try_seccomp_notify());
  add(Ability::kPidfdGetfd, try_pidfd_getfd());
  return probed;
}

bool works_without_world(std::span<const Probed> probed) {
  const auto works = [&](Ability ability) {
    return std::ranges::any_of(probed, [&](const Probed& p) { return p.ability == ability && p.outcome; });
  };
  return !works(Ability::kWorld) && works(Ability::kSeccompNotify);
}

const Probed* missing_for_check(std::span<const Probed> probed) {
  if (works_without_world(probed)) return nullptr;
  static constexpr std::array kNeeded = {Ability::kWorld, Ability::kForcing, Ability::kCapture,
                                         Ability::kSocketTable};
  const auto found = std::ranges::find_if(probed, [](const Probed& p) {
    return !p.outcome && std::ranges::find(kNeeded, p.ability) != kNeeded.end();
  });
  return found == probed.end() ? nullptr : &*found;
}

Restrictions read_restrictions() {
  const auto setting = [](const std::string& path) -> std::optional<std::string> {
    auto text = read_kernel_text(path);
    return text ? std::optional(*text) : std::nullopt;
  };
  const auto status = read_kernel_text("/proc/self/status");
  return {.max_user_namespaces = setting("/proc/sys/user/max_user_namespaces"),
          .unprivileged_userns = setting("/proc/sys/kernel/unprivileged_userns_clone"),
          .apparmor_userns = setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
          .unprivileged_bpf = setting("/proc/sys/kernel/unprivileged_bpf_disabled"),
          .seccomp_filter = status && status->find("\nSeccomp:\t2\n") != std::string::npos,
          .root = geteuid() == 0};
}

Result<std::string> read_kernel_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::unexpected(errno_error(fmt::format("open({})", path)));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  boost::trim_right(text);
  return text;
}

}  // namespace selfconnect
