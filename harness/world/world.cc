// SPDX-License-Identifier: MIT
#include "harness/world/world.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/world/rtnetlink.h"

namespace selfconnect {

namespace {

constexpr timeval kAnswerLimit{.tv_sec = 10, .tv_usec = 0};  // init answers in microseconds
constexpr unsigned kVethIndex = 100;  // in both networks; far above what a fresh namespace uses

bool has_cap_sys_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

struct Reply {
  InitReply reply;
  UniqueFd fd;
};

Result<Reply> receive_reply(int control) {
  Reply result;
  iovec data{&result.reply, sizeof(result.reply)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  ssize_t size = 0;
  do {
    size = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return std::unexpected(error("the world's init does not answer"));
  if (size < 0) return std::unexpected(errno_error("recvmsg from the world's init"));
  if (size != sizeof(result.reply)) return std::unexpected(error("the world's init ended"));
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    result.fd.reset(fd);
  }
  return result;
}

Error init_error(const InitReply& reply) { return errno_error(reply.step.data(), reply.error); }

template <std::size_t N>
bool copy_text(std::array<char, N>& to, std::string_view text) {
  if (text.size() >= N) return false;
  std::ranges::copy(text, to.begin());
  return true;
}

}  // namespace

std::string_view isolation_name(Isolation isolation) {
  return isolation == Isolation::kNetNs ? "netns" : "userns+netns";
}

Result<World> World::create() {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    return std::unexpected(errno_error("socketpair"));
  }
  World world;
  world.control_.reset(sockets[0]);
  const UniqueFd far_end(sockets[1]);
  if (setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &kAnswerLimit, sizeof(kAnswerLimit)) != 0) {
    return std::unexpected(errno_error("setsockopt(SO_RCVTIMEO)"));
  }
  world.isolation_ = has_cap_sys_admin() ? Isolation::kNetNs : Isolation::kUserAndNetNs;

  const bool user_namespace = world.isolation_ == Isolation::kUserAndNetNs;
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD;
  if (user_namespace) args.flags |= CLONE_NEWUSER;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const InitSpec spec{
      .control = far_end.get(), .user_namespace = user_namespace, .uid = geteuid(), .gid = getegid()};
  const pid_t pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
  if (pid < 0) return std::unexpected(errno_error("make namespaces: clone3"));
  if (pid == 0) run_init(spec);
  world.pid_ = pid;
  world.pidfd_.reset(pidfd);

  auto ready = receive_reply(world.control_.get());
  if (!ready) return std::unexpected(ready.error());
  if (ready->reply.error != 0) return std::unexpected(init_error(ready->reply).during("make namespaces"));
  if (auto up = world.bring_up(Network::kNear); !up) return std::unexpected(up.error());
  return world;
}

World& World::operator=(World&& other) noexcept {
  if (this != &other) {
    end();
    control_ = std::move(other.control_);
    pidfd_ = std::move(other.pidfd_);
    pid_ = other.pid_;
    isolation_ = other.isolation_;
  }
  return *this;
}

World::~World() { end(); }

void World::kill() {
  if (pidfd_) syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

bool World::reap_if_ended() {
  if (!pidfd_) return true;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return false;
  pidfd_.reset();
  control_.reset();
  return true;
}

void World::end() {
  if (!pidfd_) return;
  kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pidfd_.reset();
  control_.reset();
}

Result<UniqueFd> World::request(const InitRequest& request, bool expects_fd) const {
  ssize_t sent = 0;
  do {
    sent = send(control_.get(), &request, sizeof(request), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    return std::unexpected(errno_error("send to the world's init"));
  }
  auto reply = receive_reply(control_.get());
  if (!reply) return std::unexpected(reply.error());
  if (reply->reply.error != 0) return std::unexpected(init_error(reply->reply));
  if (expects_fd && !reply->fd) return std::unexpected(error("the world's init sent no descriptor"));
  return std::move(reply->fd);
}

Result<UniqueFd> World::socket(int domain, int type, int protocol, Network network) const {
  return request(
      {.what = InitRequest::What::kSocket, .network = network, .numbers = {domain, type, protocol}}, true);
}

Result<UniqueFd> World::net_ns(Network network) const {
  return request({.what = InitRequest::What::kNetNs, .network = network}, true);
}

Result<void> World::set_sysctl(std::string_view path, std::string_view value, Network network) const {
  InitRequest call{.what = InitRequest::What::kSysctl, .network = network};
  if (!copy_text(call.path, path) || !copy_text(call.value, value)) {
    return std::unexpected(error(fmt::format("set {}: value too long", path)));
  }
  if (auto done = request(call, false); !done) {
    return std::unexpected(done.error().during(fmt::format("set {} to '{}'", path, value)));
  }
  return {};
}

Result<void> World::bring_up(Network network) const {
  auto netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, network);
  if (!netlink) return std::unexpected(netlink.error().during("bring lo up"));
  if (auto up = rtnetlink::set_link_up(netlink->get(), rtnetlink::kLoopbackIndex); !up) return up;
  if (auto routed = rtnetlink::add_any_local_route(netlink->get(), Family::kIpv4); !routed) return routed;
  // Without IPv6 on this machine there is nothing to route.
  (void)rtnetlink::add_any_local_route(netlink->get(), Family::kIpv6);
  return set_sysctl("net/ipv4/ip_unprivileged_port_start", "0", network);
}

Result<void> World::add_local_address(const Address& address) const {
  auto netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (!netlink) return std::unexpected(netlink.error());
  const unsigned host_prefix = address.family() == Family::kIpv4 ? 32 : 128;
  return rtnetlink::add_address(netlink->get(), rtnetlink::kLoopbackIndex, address, host_prefix);
}

Result<World::FarAddresses> World::connect_far(Family family) const {
  // RFC 2544 and RFC 4193 addresses: nobody's.
  const bool v4 = family == Family::kIpv4;
  const FarAddresses addresses{.near = *Address::parse(v4 ? "198.18.0.1" : "fd5e:1f::1"),
                               .far = *Address::parse(v4 ? "198.18.0.2" : "fd5e:1f::2")};
  const Address network = *Address::parse(v4 ? "198.18.0.0" : "fd5e:1f::");
  const unsigned prefix = v4 ? 24 : 64;

  if (auto made = request({.what = InitRequest::What::kFar}, false); !made) {
    return std::unexpected(made.error().during("make the far network"));
  }
  if (auto up = bring_up(Network::kFar); !up) return std::unexpected(up.error());
  auto far_ns = net_ns(Network::kFar);
  if (!far_ns) return std::unexpected(far_ns.error());
  auto near = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, Network::kNear);
  auto far = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, Network::kFar);
  if (!near || !far) return std::unexpected((near ? far : near).error());
  if (auto pair = rtnetlink::add_veth(near->get(), kVethIndex, kVethIndex, far_ns->get()); !pair) {
    return std::unexpected(pair.error());
  }
  for (const auto& [netlink, address] :
       {std::pair{near->get(), addresses.near}, {far->get(), addresses.far}}) {
    if (auto done = rtnetlink::add_address(netlink, kVethIndex, address, prefix); !done) {
      return std::unexpected(done.error());
    }
    if (auto done = rtnetlink::set_link_up(netlink, kVethIndex); !done) return std::unexpected(done.error());
    if (auto done = rtnetlink::add_link_route(netlink, kVethIndex, network, prefix); !done) {
      return std::unexpected(done.error());
    }
  }
  return addresses;
}

}  // namespace selfconnect
