// SPDX-License-Identifier: MIT
#include "harness/check/port_taker.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "harness/check/held_sockets.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = 1s;  // also where the process that closes the socket waits for a core

bool is_closed(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info.tcpi_state);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

}  // namespace

std::expected<void, Obstacle> PortTaker::take(const Endpoint& destination, pid_t thread,
                                              const std::function<int()>& bind_it) {
  const std::uint16_t port = destination.port;
  for (const auto by = Clock::now() + kPatience; Clock::now() < by;) {
    if (bind_it() == 0) return {};
    if (errno != EADDRINUSE) {
      return std::unexpected(
          Obstacle{.why = fmt::format("port {} cannot be bound: {}", port, strerror(errno)), .held_by = {}});
    }
    auto way = clear(destination, thread);
    if (!way) return std::unexpected(std::move(way.error()));
    // A socket that is being closed leaves the table before it leaves the port, and the kernel tells nobody of that.
    if (*way == Way::kUnknown) std::this_thread::sleep_for(1ms);
  }
  return std::unexpected(Obstacle{.why = fmt::format("port {} is taken", port), .held_by = {}});
}

std::expected<PortTaker::Way, Obstacle> PortTaker::clear(const Endpoint& destination, pid_t thread) {
  if (!sockets_) {
    auto socket = world_.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    if (!socket) return Way::kUnknown;
    sockets_.emplace(std::move(*socket));
  }
  // What is in the way as a rule, without a list, for which the kernel walks through its tables.
  const auto there = sockets_->self_connection(destination, seen_.now());
  if (there && *there && (*there)->inode != 0) return std::unexpected(held_by(destination, **there));
  if (there && *there && remove_time_wait(**there)) return Way::kCleared;
  const auto lines = sockets_->sockets(destination.port, seen_.now());
  if (!lines) return Way::kUnknown;
  bool removed = false;
  for (const SocketLine& line : *lines) {
    if (line.local == destination) removed |= remove_time_wait(line);
  }
  const bool let_go = let_beside_dissolved(destination, thread);
  return removed || let_go ? Way::kCleared : Way::kUnknown;
}

Obstacle PortTaker::held_by(const Endpoint& destination, const SocketLine& own) const {
  const auto attempt = seen_.attempt_of(destination, ino_t{own.inode});
  return {.why = fmt::format("port {} is held by the target's own self-connection{}", destination.port,
                             attempt ? fmt::format(" of attempt {}", *attempt) : std::string()),
          .held_by = attempt};
}

bool PortTaker::remove_time_wait(const SocketLine& line) {
  if (line.state != TcpState::kTimeWait || !sockets_->destroy(line)) return false;
  seen_.time_wait_removed(line.at);
  return true;
}

void PortTaker::note_self_connection(const Endpoint& destination, ino_t socket) {
  self_connected_[destination].insert(socket);
}

// A socket that was connected to itself and then dissolved, by connect(2) to AF_UNSPEC, but not closed: in the field its port is free,
// for connect() had chosen it. Here it was bound, and keeps it; SO_REUSEADDR lets others in beside it.
bool PortTaker::let_beside_dissolved(const Endpoint& destination, pid_t thread) {
  std::set<ino_t>& known = self_connected_[destination];
  bool any = false;
  for (const int descriptor : open_sockets(thread).descriptors_of(known)) {
    const auto copy = taker_.take(thread, descriptor);
    if (!copy || !is_closed(copy->get()) || known.erase(inode_of(copy->get())) == 0) continue;
    const int on = 1;
    any |= setsockopt(copy->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
  }
  return any;
}

}  // namespace selfconnect
