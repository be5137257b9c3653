// SPDX-License-Identifier: MIT
#include "harness/world/recycling.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "harness/world/world.h"

namespace selfconnect {

namespace {

// An RCU grace period passes before they are gone.
bool closes_slowly(const SocketKind& kind) { return kind.domain == AF_PACKET || kind.domain == AF_NETLINK; }

Result<void> empty(int fd) {
  while (true) {
    if (recv(fd, nullptr, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0) continue;
    if (errno == EAGAIN) return {};
    const bool told_once = errno == EINTR || errno == ENOBUFS || errno == ENETDOWN;
    if (!told_once) return std::unexpected(errno_error("recv"));
  }
}

// As it was made, as far as the next user can tell who sets it up like the last one.
Result<void> make_as_new(const SpareSocket& socket) {
  const int flags = (socket.kind.type & SOCK_NONBLOCK) != 0 ? O_NONBLOCK : 0;
  if (fcntl(socket.fd.get(), F_SETFL, flags) != 0) return std::unexpected(errno_error("fcntl(F_SETFL)"));
  if (auto emptied = empty(socket.fd.get()); !emptied) return emptied;
  if (socket.kind.domain != AF_PACKET) return {};
  tpacket_stats counted{};  // are 0 after they were read
  socklen_t size = sizeof(counted);
  if (getsockopt(socket.fd.get(), SOL_PACKET, PACKET_STATISTICS, &counted, &size) != 0) {
    return std::unexpected(errno_error("getsockopt(PACKET_STATISTICS)"));
  }
  return {};
}

}  // namespace

Recycling::Recycling(LeftSockets sockets, NetworkWatch watch, TcpMetrics metrics)
    : left_(std::move(sockets)), watch_(std::move(watch)), metrics_(std::move(metrics)) {}

Result<Recycling> Recycling::begin(const World& world) {
  auto metrics = TcpMetrics::open(world);
  if (!metrics) return std::unexpected(metrics.error());
  auto sockets = LeftSockets::open(world);
  if (!sockets) return std::unexpected(sockets.error());
  auto watch = NetworkWatch::begin(world);
  if (!watch) return std::unexpected(watch.error());
  return Recycling(std::move(*sockets), std::move(*watch), std::move(*metrics));
}

void Recycling::keep(const SocketKind& kind, int fd) {
  if (!closes_slowly(kind)) return;
  UniqueFd second(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (second) kept_.push_back({kind, std::move(second)});  // else it will be missed: prove() fails
}

std::size_t Recycling::sockets() const {
  return LeftSockets::kSockets + TcpMetrics::kSockets + watch_.sockets() + kept_.size();
}

Result<void> Recycling::prove(std::size_t others) {
  if (auto none = left_.destroy_all_but(sockets() + others); !none) return none;
  if (auto forgotten = metrics_.forget(); !forgotten) return forgotten;
  return watch_.nothing_changed();
}

// Last, for sockets that were destroyed have sent resets.
Result<void> Recycling::take_back(std::vector<SpareSocket>& spare) {
  for (SpareSocket& socket : kept_) {
    if (auto made = make_as_new(socket); !made) return made;
    spare.push_back(std::move(socket));
  }
  kept_.clear();
  return {};
}

}  // namespace selfconnect
