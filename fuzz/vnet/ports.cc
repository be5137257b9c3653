// SPDX-License-Identifier: MIT
#include "fuzz/vnet/ports.h"

#include <algorithm>
#include <cerrno>

#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

namespace {

bool is_any(const Address& address) {
  return std::ranges::all_of(address.bytes(), [](char byte) { return byte == 0; });
}

// An IPv6 socket that is bound to any address takes IPv4 too, unless it is IPV6_V6ONLY.
bool overlap(const Address& one, bool one_takes_both, const Address& other, bool other_takes_both) {
  if (one.family() != other.family()) return one_takes_both || other_takes_both;
  return one == other || is_any(one) || is_any(other);
}

bool takes_both(const TcpSocket& socket) {
  return socket.family() == Family::kIpv6 && !socket.options.only_v6 && is_any(socket.local().address) &&
         socket.local().address.family() == Family::kIpv6;
}

}  // namespace

bool Ports::conflicts(const TcpSocket& socket, std::uint16_t port, Time now) const {
  for (const TcpSocket* other : holders_) {
    if (other == &socket || other->port_ != port) continue;
    if (!overlap(socket.local().address, takes_both(socket), other->local().address, takes_both(*other)))
      continue;
    if (!socket.options.reuse_address || !other->options.reuse_address ||
        other->state() == TcpState::kListen) {
      return true;
    }
  }
  return std::ranges::any_of(time_waits_, [&](const TimeWait& wait) {
    return wait.local.port == port && now < wait.since + kTimeWait &&
           overlap(socket.local().address, takes_both(socket), wait.local.address, false) &&
           !(socket.options.reuse_address && wait.reuse_address);
  });
}

TcpSocket* Ports::connection(const Endpoint& local, const Endpoint& remote, const TcpSocket* but) const {
  const auto found = std::ranges::find_if(holders_, [&](const TcpSocket* socket) {
    return socket != but && socket->state() != TcpState::kClose && socket->remote().port != 0 &&
           socket->local() == local && socket->remote() == remote;
  });
  return found == holders_.end() ? nullptr : *found;
}

bool Ports::is_connection(const Endpoint& local, const TcpSocket& of, Time now) const {
  if (connection(local, of.remote(), &of) != nullptr) return true;
  return std::ranges::any_of(time_waits_, [&](const TimeWait& wait) {
    return wait.local == local && wait.remote == of.remote() &&
           now < wait.since + (wait.ended ? kTimeWaitReuse : kTimeWait);
  });
}

bool Ports::is_named(std::uint16_t port, Time now) const {
  return std::ranges::any_of(
             holders_, [&](const TcpSocket* other) { return other->port_ == port && other->port_named_; }) ||
         std::ranges::any_of(time_waits_, [&](const TimeWait& wait) {
           return wait.local.port == port && wait.named && now < wait.since + kTimeWait;
         });
}

bool Ports::may_connect_from(std::uint16_t port, const TcpSocket& socket, Time now) const {
  return !is_named(port, now) &&
         !is_connection({.address = socket.local().address, .port = port}, socket, now);
}

void Ports::hold(TcpSocket& socket, std::uint16_t port) {
  socket.port_ = socket.local_.port = port;
  holders_.push_back(&socket);
}

std::uint16_t Ports::step() {
  const std::uint16_t port = next_;
  next_ = next_ == kLast ? kFirst : static_cast<std::uint16_t>(next_ + 1);
  return port;
}

int Ports::bind(TcpSocket& socket, std::uint16_t port, Time now) {
  for (int left = port == 0 ? kLast - kFirst : 0; port == 0 && left >= 0; --left) {
    const std::uint16_t candidate = step();
    if (!conflicts(socket, candidate, now)) port = candidate;
  }
  if (port == 0 || conflicts(socket, port, now)) return -EADDRINUSE;
  socket.port_named_ = true;
  hold(socket, port);
  return 0;
}

void Ports::take(TcpSocket& socket, std::uint16_t port) {
  hold(socket, port);
  end_time_wait(socket.local(), socket.remote());
}

int Ports::connect(TcpSocket& socket, Attempt::Port wanted, Time now) {
  if (wanted == Attempt::Port::kExhausted) return -EADDRNOTAVAIL;
  const std::uint16_t dialled = socket.remote().port;
  if (wanted == Attempt::Port::kCleared) {
    erase_if(time_waits_, [&](const TimeWait& wait) { return wait.local.port == dialled; });
  }
  if (wanted != Attempt::Port::kAny && may_connect_from(dialled, socket, now)) {
    take(socket, dialled);
    return 0;
  }
  for (int left = kLast - kFirst; left >= 0; --left) {
    const std::uint16_t candidate = step();
    if (candidate == dialled || !may_connect_from(candidate, socket, now)) continue;
    take(socket, candidate);
    return 0;
  }
  return -EADDRNOTAVAIL;
}

int Ports::connect_bound(const TcpSocket& socket) {
  if (connection(socket.local(), socket.remote(), &socket) != nullptr) return -EADDRNOTAVAIL;
  end_time_wait(socket.local(), socket.remote());
  return 0;
}

bool Ports::may_listen(const TcpSocket& socket, Time now) const {
  return !conflicts(socket, socket.port_, now);
}

TcpSocket* Ports::listener(const Endpoint& at) const {
  TcpSocket* found = nullptr;
  for (TcpSocket* socket : holders_) {
    if (socket->state() != TcpState::kListen || socket->port_ != at.port) continue;
    if (socket->local().address == at.address) return socket;
    const bool same_family = socket->local().address.family() == at.address.family();
    if (is_any(socket->local().address) && (same_family || takes_both(*socket))) found = socket;
  }
  return found;
}

void Ports::release(TcpSocket& socket) {
  erase_if(holders_, [&](const TcpSocket* holder) { return holder == &socket; });
  socket.port_ = 0;
  socket.port_named_ = false;
}

void Ports::time_wait(const TcpSocket& socket, Time now) {
  erase_if(time_waits_, [&](const TimeWait& wait) { return now >= wait.since + kTimeWait; });
  const auto before = std::ranges::find_if(time_waits_, [&](const TimeWait& wait) {
    return wait.local == socket.local() && wait.remote == socket.remote();
  });
  if (before != time_waits_.end()) {  // it was in FIN_WAIT2, and has let go of its port
    before->since = now;
    before->ended = true;
    return;
  }
  time_waits_.push_back({.local = socket.local(),
                         .remote = socket.remote(),
                         .reuse_address = socket.options.reuse_address,
                         .named = socket.port_named_,
                         .ended = socket.end_seen_,
                         .since = now});
}

bool Ports::is_in_fin_wait2(const Endpoint& local, const Endpoint& remote, Time now) const {
  return std::ranges::any_of(time_waits_, [&](const TimeWait& wait) {
    return !wait.ended && wait.local == local && wait.remote == remote && now < wait.since + kTimeWait;
  });
}

bool Ports::end_time_wait(const Endpoint& local, const Endpoint& remote) {
  return erase_if(time_waits_,
                  [&](const TimeWait& wait) { return wait.local == local && wait.remote == remote; }) != 0;
}

void Ports::share(TcpSocket& socket) {
  socket.port_named_ = true;
  hold(socket, socket.local_.port);
}

}  // namespace selfconnect::vnet
