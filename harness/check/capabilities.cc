// SPDX-License-Identifier: MIT
#include "harness/check/capabilities.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>

#include "harness/ports/engine.h"
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
  const auto engine = make_range_engine(world);
  if (const auto forced = engine->force(kProbePort, Allocator::kConnect); !forced) {
    return std::unexpected(forced.error());
  }
  const Endpoint destination{Address::loopback(Family::kIpv4), kProbePort};
  const auto connected = probe_self_connect(world, destination, Allocator::kConnect);
  if (!connected) return std::unexpected(connected.error());
  if (!*connected)
    return std::unexpected(error("a probe did not connect to itself: this kernel picks ports otherwise"));
  return fmt::format("engine {}", engine->name());
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

// Loads a program that lets everything pass, attaches it nowhere, and lets it go.
Found try_port_hook() {
  const std::array<bpf_insn, 2> program = {
      {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 1},
       {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}}};
  static constexpr std::string_view kLicense = "MIT";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
  attributes.expected_attach_type = BPF_CGROUP_INET4_CONNECT;
  attributes.insns = reinterpret_cast<std::uint64_t>(program.data());
  attributes.insn_cnt = program.size();
  attributes.license = reinterpret_cast<std::uint64_t>(kLicense.data());
  const UniqueFd loaded(static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes))));
  if (!loaded) return std::unexpected(errno_error("bpf(BPF_PROG_LOAD)"));
  return "";
}

Found try_cgroup2() {
  const auto mountinfo = read_kernel_text("/proc/self/mountinfo");
  if (!mountinfo) return std::unexpected(mountinfo.error());
  const auto mount = find_cgroup2_mount(*mountinfo);
  if (!mount) return std::unexpected(error("no cgroup v2 hierarchy is mounted"));
  if (access(mount->c_str(), W_OK) != 0)
    return std::unexpected(errno_error(fmt::format("write to {}", *mount)));
  return *mount;
}

Found try_seccomp_notify() {
  const std::uint32_t action = SECCOMP_RET_USER_NOTIF;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
    return std::unexpected(errno_error("seccomp(SECCOMP_GET_ACTION_AVAIL)"));
  }
  return "";
}

// A child of the same user that waits; its standard error is what is taken.
Found try_pidfd_getfd() {
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) {
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
  add(Ability::kPortHook, try_port_hook());
  add(Ability::kCgroup2, try_cgroup2());
  add(Ability::kSeccompNotify, try_seccomp_notify());
  add(Ability::kPidfdGetfd, try_pidfd_getfd());
  return probed;
}

const Probed* missing_for_check(std::span<const Probed> probed) {
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

std::optional<std::string> find_cgroup2_mount(std::string_view mountinfo) {
  std::vector<std::string> lines;
  boost::split(lines, mountinfo, boost::is_any_of("\n"));
  for (const std::string& line : lines) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::vector<std::string> words;
    boost::split(words, line, boost::is_any_of(" "));
    if (words.size() > 4) return words[4];
  }
  return std::nullopt;
}

}  // namespace selfconnect
