// Code of a test that runs as the target would: a process of the world, confined as the engine asks.
// SPDX-License-Identifier: MIT
#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <new>

#include "harness/net/endpoint.h"
#include "harness/ports/engine.h"
#include "tests/kernel/in_world.h"

namespace selfconnect::testing {

// A value that a process and its children share.
template <class T>
class Shared {
 public:
  Shared()
      : value_(new(mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) T()) {
  }
  ~Shared() { munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  T* value_;
};

// In a child of the test: joins the engine's cgroup and the world's network. False with errno set.
inline bool become_target(const Engine& engine, const World& world) {
  const int procs = engine.confinement().cgroup_procs;
  if (procs >= 0 && write(procs, "0", 1) != 1) return false;
  const auto net = world.net_ns(Network::kNear);
  return net && setns(net->get(), CLONE_NEWNET) == 0;
}

// What `body` returns, or 99 where the process could not be made one of the world's.
inline int as_target(const Engine& engine, const World& world, const std::function<int()>& body) {
  return in_child([&] { return become_target(engine, world) ? body() : 99; });
}

// How one connect() went.
struct Dialled {
  int error = 0;  // an errno
  std::uint16_t port = 0;
  bool self_connected = false;
};

inline Dialled dial_with(int fd, const Endpoint& destination) {
  sockaddr_storage to{}, local{}, remote{};
  const socklen_t length = destination.to_sockaddr(to);
  Dialled dialled;
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), length) != 0) dialled.error = errno;
  socklen_t size = sizeof(local);
  getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
  dialled.port = Endpoint::from_sockaddr(local).port;
  size = sizeof(remote);
  dialled.self_connected = getpeername(fd, reinterpret_cast<sockaddr*>(&remote), &size) == 0 &&
                           Endpoint::from_sockaddr(local) == Endpoint::from_sockaddr(remote);
  return dialled;
}

// A TCP socket that leaves nothing behind when it is closed.
inline UniqueFd tcp_socket(int domain) {
  UniqueFd fd(socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  return fd;
}

inline Dialled dial_once(const Endpoint& destination) {
  return dial_with(tcp_socket(destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6).get(),
                   destination);
}

}  // namespace selfconnect::testing
