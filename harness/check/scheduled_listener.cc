// SPDX-License-Identifier: MIT
#include "harness/check/scheduled_listener.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "harness/check/segment_filter.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

constexpr auto kLongestWait = 10s;  // for a connection in a network that ends on this machine
constexpr int kMostTries = 64;      // connections that came from elsewhere, or could not be accepted

}  // namespace

std::expected<void, Obstacle> ScheduledListener::listen(pid_t thread) {
  if (listening_) return {};
  if (!listener_) {
    if (auto bound = bind_port(thread); !bound) return bound;
  }
  drop_known();
  listening_ = ::listen(listener_.get(), SOMAXCONN) == 0;
  if (listening_) return {};
  return std::unexpected(
      Obstacle{.why = fmt::format("no server can listen there: {}", strerror(errno)), .held_by = {}});
}

std::expected<void, Obstacle> ScheduledListener::bind_port(pid_t thread) {
  const int domain = endpoint_.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  auto socket = world_.socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (!socket) return std::unexpected(Obstacle{.why = socket.error().message, .held_by = {}});
  const int on = 1;
  setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_storage storage{};
  const socklen_t length = endpoint_.to_sockaddr(storage);
  const auto bind_it = [&] {
    return bind(socket->get(), reinterpret_cast<const sockaddr*>(&storage), length);
  };
  if (auto taken = ports_.take(endpoint_, thread, bind_it); !taken) return taken;
  listener_ = std::move(*socket);
  return {};
}

void ScheduledListener::stop_listening() {
  if (!listening_) return;
  shutdown(listener_.get(), SHUT_RD);
  listening_ = false;
}

void ScheduledListener::close() {
  listener_.reset();
  listening_ = false;
}

void ScheduledListener::drop_all() { drop_all_segments(listener_.get()); }

void ScheduledListener::drop(std::uint16_t source_port) {
  dropped_.push_back(source_port);
  if (dropped_.size() > kMostPortsDropped) dropped_.erase(dropped_.begin());
  drop_known();
}

void ScheduledListener::let_all_in() {
  if (drops_any()) drop_no_segments(listener_.get());
}

void ScheduledListener::let_in_again(std::uint16_t source_port) {
  std::erase(dropped_, source_port);
  drop_known();
}

void ScheduledListener::drop_known() {
  if (drops_any() && listener_) drop_segments_from(listener_.get(), dropped_);
}

ScheduledListener::Accepted ScheduledListener::accept_from(const Endpoint& client) const {
  using Clock = std::chrono::steady_clock;
  Accepted accepted;
  pollfd wait{.fd = listener_.get(), .events = POLLIN, .revents = 0};
  const auto by = Clock::now() + kLongestWait;
  for (int tries = 0; tries < kMostTries; ++tries) {
    while (Clock::now() < by && poll(&wait, 1, 1000) <= 0) continue;
    sockaddr_storage from{};
    socklen_t length = sizeof(from);
    UniqueFd socket(
        accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
      accepted.error = errno;
      break;
    }
    if (!socket && Clock::now() >= by) break;
    if (!socket) continue;
    if (Endpoint::from_sockaddr(from) == client) {
      accepted.socket = std::move(socket);
      break;
    }
    ++accepted.strangers;
  }
  return accepted;
}

}  // namespace selfconnect
