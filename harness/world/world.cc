// SPDX-License-Identifier: MIT
#include "harness/world/world.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/sys/socket_pair.h"
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
  std::vector<UniqueFd> descriptors;
};

Result<Reply> receive_reply(int control, int descriptors) {
  Reply result;
  const Received received = receive_message(control, result.reply);
  if (received.size < 0 && errno == EAGAIN) return std::unexpected(error("the world's init does not answer"));
  if (received.size < 0) return std::unexpected(errno_error("recvmsg from the world's init"));
  if (received.size != sizeof(result.reply)) return std::unexpected(error("the world's init ended"));
  if (result.reply.descriptors == 0) return result;
  char byte = 0;
  const Received sent = receive_message(descriptors, byte);
  for (std::size_t i = 0; i < sent.count; ++i) result.descriptors.emplace_back(sent.descriptors[i]);
  return result;
}

// Whose near end does not wait for ever.
Result<SocketPair> patient_pair() {
  auto pair = socket_pair();
  if (pair && setsockopt(pair->near.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerLimit, sizeof(kAnswerLimit)) != 0)
    return std::unexpected(errno_error("setsockopt(SO_RCVTIMEO)"));
  return pair;
}

Error not_here() { return {EPERM, "not in a network that is the machine's own"}; }

Error no_descriptor() { return error("the world's init sent no descriptor"); }

Error init_error(const InitReply& reply) { return errno_error(reply.step.data(), reply.error); }

}  // namespace

std::string_view isolation_name(Isolation isolation) {
  switch (isolation) {
    case Isolation::kNetNs:
      return "netns";
    case Isolation::kUserAndNetNs:
      return "userns+netns";
    case Isolation::kNone:
      break;
  }
  return "none";
}

Result<World> World::here() {
  auto left = LeftProcesses::adopt();
  if (!left) return std::unexpected(left.error());
  World world;
  world.isolation_ = Isolation::kNone;
  world.pid_ = getpid();
  world.left_ = std::make_unique<LeftProcesses>(std::move(*left));
  return world;
}

Result<World> World::create() { return WorldMaker().make(); }

Result<World> WorldMaker::make() {
  if (!maker_) {
    auto started = Maker::start();
    if (!started) return std::unexpected(started.error().during("start the world maker"));
    maker_ = std::move(*started);
  }
  auto control = patient_pair();
  auto descriptors = patient_pair();
  if (!control || !descriptors) return std::unexpected((control ? descriptors : control).error());
  World world;
  world.control_ = std::move(control->near);
  world.descriptors_ = std::move(descriptors->near);
  world.isolation_ = has_cap_sys_admin() ? Isolation::kNetNs : Isolation::kUserAndNetNs;

  const MakeRequest request{
      .user_namespace = world.isolation_ == Isolation::kUserAndNetNs, .uid = geteuid(), .gid = getegid()};
  auto made = maker_->make(request, {.control = control->far.get(), .descriptors = descriptors->far.get()});
  if (!made) {
    maker_.reset();  // should it have been killed, the next world gets a new one
    return std::unexpected(made.error().during("make namespaces"));
  }
  world.pid_ = made->pid;
  world.pidfd_ = std::move(made->pidfd);

  auto ready = receive_reply(world.control_.get(), world.descriptors_.get());
  if (!ready) return std::unexpected(ready.error());
  if (ready->reply.error != 0) return std::unexpected(init_error(ready->reply).during("make namespaces"));
  if (ready->descriptors.empty()) return std::unexpected(no_descriptor());
  world.routes_ = std::move(ready->descriptors.front());
  if (auto up = World::bring_up(world.routes_.get()); !up) return std::unexpected(up.error());
  return world;
}

World& World::operator=(World&& other) noexcept {
  if (this != &other) {
    end();
    control_ = std::move(other.control_);
    descriptors_ = std::move(other.descriptors_);
    routes_ = std::move(other.routes_);
    spare_ = std::move(other.spare_);
    expected_ = std::move(other.expected_);
    pidfd_ = std::move(other.pidfd_);
    pid_ = other.pid_;
    isolation_ = other.isolation_;
    left_ = std::move(other.left_);
    requests_ = std::move(other.requests_);
    recycling_ = std::move(other.recycling_);
    renewable_ = other.renewable_;
  }
  return *this;
}

World::~World() { end(); }

void World::kill() {
  if (left_) (void)left_->kill();
  if (pidfd_) syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

bool World::reap_if_ended() {
  if (left_ && left_->kill() == LeftProcesses::Left::kSome) return false;
  left_.reset();
  if (!pidfd_) return true;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return false;
  pidfd_.reset();
  control_.reset();
  return true;
}

void World::end() {
  if (left_) left_->end();
  left_.reset();
  if (!pidfd_) return;
  kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pidfd_.reset();
  control_.reset();
}

Result<std::vector<UniqueFd>> World::request(const InitRequest& request, std::size_t descriptors,
                                             std::size_t text) const {
  if (isolation_ == Isolation::kNone) return std::unexpected(not_here());
  const std::scoped_lock lock(*requests_);
  if (!send_message(control_.get(), request, {}, kRequestWithoutText + text))
    return std::unexpected(errno_error("send to the world's init"));
  auto reply = receive_reply(control_.get(), descriptors_.get());
  if (!reply) return std::unexpected(reply.error());
  if (reply->reply.error != 0) return std::unexpected(init_error(reply->reply));
  if (reply->descriptors.size() < descriptors) return std::unexpected(no_descriptor());
  return std::move(reply->descriptors);
}

Result<std::vector<UniqueFd>> World::sockets(std::span<const SocketKind> kinds, Network network) const {
  InitRequest call{.what = InitRequest::What::kSockets, .network = network};
  for (const SocketKind& kind : kinds) call.sockets[call.count++] = kind;
  return request(call, kinds.size());
}

void World::expect_sockets(std::span<const SocketKind> kinds) {
  std::vector<SocketKind> missing(kinds.begin(), kinds.end());
  for (const SpareSocket& spare : spare_) {
    if (const auto there = std::ranges::find(missing, spare.kind); there != missing.end())
      missing.erase(there);
  }
  if (!missing.empty()) {
    auto made = sockets(missing, Network::kNear);
    if (!made) return;  // who asks for one is told why
    for (std::size_t i = 0; i < missing.size(); ++i) spare_.push_back({missing[i], std::move((*made)[i])});
  }
  expected_.assign(kinds.begin(), kinds.end());
}

UniqueFd World::spare_socket(const SocketKind& kind) const {
  const std::scoped_lock lock(*requests_);
  const auto spare = std::ranges::find(spare_, kind, &SpareSocket::kind);
  if (spare == spare_.end()) return {};
  UniqueFd fd = std::move(spare->fd);
  spare_.erase(spare);
  return fd;
}

Result<UniqueFd> World::socket(int domain, int type, int protocol, Network network) const {
  if (isolation_ == Isolation::kNone && network == Network::kNear) {
    UniqueFd made(::socket(domain, type | SOCK_CLOEXEC, protocol));
    if (!made) return std::unexpected(errno_error("socket"));
    return made;
  }
  const SocketKind kind{domain, type, protocol};
  UniqueFd fd = network == Network::kNear ? spare_socket(kind) : UniqueFd();
  if (!fd) {
    auto made = sockets({&kind, 1}, network);
    if (!made) return std::unexpected(made.error());
    fd = std::move(made->front());
  }
  if (recycling_ && network == Network::kNear) {
    const std::scoped_lock lock(*requests_);
    recycling_->keep(kind, fd.get());
  }
  return fd;
}

Result<UniqueFd> World::net_ns(Network network) const {
  auto got = request({.what = InitRequest::What::kNetNs, .network = network}, 1);
  if (!got) return std::unexpected(got.error());
  return std::move(got->front());
}

Result<void> World::set_sysctls(std::span<const Sysctl> sysctls, Network network) const {
  InitRequest call{.what = InitRequest::What::kSysctls, .network = network};
  std::size_t used = 0;
  for (const auto& [path, value] : sysctls) {
    for (const std::string_view text : {path, value}) {
      if (used + text.size() + 1 > call.text.size()) {
        return std::unexpected(error(fmt::format("set {}: value too long", path)));
      }
      std::ranges::copy(text, call.text.begin() + static_cast<std::ptrdiff_t>(used));
      used += text.size() + 1;
    }
    ++call.count;
  }
  if (auto done = request(call, 0, used); !done) {
    return std::unexpected(done.error().during(fmt::format("set {}", sysctls.front().path)));
  }
  return {};
}

Result<void> World::set_sysctl(std::string_view path, std::string_view value, Network network) const {
  const Sysctl sysctl{path, value};
  if (auto done = set_sysctls({&sysctl, 1}, network); !done) {
    return std::unexpected(done.error().during(fmt::format("to '{}'", value)));
  }
  return {};
}

Result<void> World::bring_up(int routes) {
  if (auto up = rtnetlink::set_link_up(routes, rtnetlink::kLoopbackIndex); !up) return up;
  if (auto routed = rtnetlink::add_any_local_route(routes, Family::kIpv4); !routed) return routed;
  // Without IPv6 on this machine there is nothing to route.
  (void)rtnetlink::add_any_local_route(routes, Family::kIpv6);
  return {};
}

Result<void> World::add_local_address(const Address& address) const {
  if (isolation_ == Isolation::kNone) return std::unexpected(not_here().during("make an address local"));
  const unsigned host_prefix = address.family() == Family::kIpv4 ? 32 : 128;
  return rtnetlink::add_address(routes_.get(), rtnetlink::kLoopbackIndex, address, host_prefix);
}

Result<World::FarAddresses> World::connect_far(Family family) const {
  // RFC 2544 and RFC 4193 addresses: nobody's.
  const bool v4 = family == Family::kIpv4;
  const FarAddresses addresses{.near = *Address::parse(v4 ? "198.18.0.1" : "fd5e:1f::1"),
                               .far = *Address::parse(v4 ? "198.18.0.2" : "fd5e:1f::2")};
  const Address network = *Address::parse(v4 ? "198.18.0.0" : "fd5e:1f::");
  const unsigned prefix = v4 ? 24 : 64;

  auto made = request({.what = InitRequest::What::kFar, .network = Network::kFar}, 1);
  if (!made) return std::unexpected(made.error().during("make the far network"));
  const int far = made->front().get();
  if (auto up = bring_up(far); !up) return std::unexpected(up.error());
  auto far_ns = net_ns(Network::kFar);
  if (!far_ns) return std::unexpected(far_ns.error());
  if (auto pair = rtnetlink::add_veth(routes_.get(), kVethIndex, kVethIndex, far_ns->get()); !pair) {
    return std::unexpected(pair.error());
  }
  for (const auto& [netlink, address] : {std::pair{routes_.get(), addresses.near}, {far, addresses.far}}) {
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

bool needs_local_address(const Address& address) {
  if (address.is_unspecified() || address == Address::loopback(address.family())) return false;
  return address.family() == Family::kIpv6 || address.is_loopback();
}

}  // namespace selfconnect
