// The isolated network that one phase runs in: fresh network, PID and mount namespaces, in a user namespace
// of its own where the harness has no CAP_SYS_ADMIN. Nothing of the host is changed, and nothing can leave
// it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string_view>

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/init.h"

namespace selfconnect {

// How a world is kept apart from the host.
enum class Isolation {
  kNetNs,        // as root: network namespace
  kUserAndNetNs  // as an ordinary user: inside a user namespace (user_namespaces(7))
};
[[nodiscard]] std::string_view isolation_name(Isolation isolation);  // "netns", "userns+netns"

// Owned namespaces and the init process that keeps them. Move-only; not for use by two threads at once.
// Destruction kills every process in it and reaps its init. Children that the caller has put into it (Process) must be
// reaped before, for its init ends after all others are gone (pid_namespaces(7)).
class World {
 public:
  // A world with `lo` up for IPv4 and IPv6, every IPv4 address local (ip-route(8): local 0.0.0.0/0 dev lo),
  // and unprivileged ports from 0. Errors: no namespaces allowed here (EPERM, ENOSPC), see `selfconnect
  // doctor`.
  static Result<World> create();

  World(World&& other) noexcept = default;
  World& operator=(World&& other) noexcept;
  ~World();

  // The two halves of destruction, for who has other things to do than to wait (Graveyard): every process in it is
  // killed; true once all are gone, and then there is nothing left to destroy.
  void kill();
  [[nodiscard]] bool reap_if_ended();

  // A socket that lives in the world, close-on-exec. The caller may use it from outside.
  [[nodiscard]] Result<UniqueFd> socket(int domain, int type, int protocol,
                                        Network network = Network::kNear) const;

  // Writes a sysctl of the world's network, "net/ipv4/ip_local_port_range".
  [[nodiscard]] Result<void> set_sysctl(std::string_view path, std::string_view value,
                                        Network network = Network::kNear) const;

  // Makes an address local, for those that the any-address route does not make a source: IPv6, 127.0.0.2.
  [[nodiscard]] Result<void> add_local_address(const Address& address) const;

  // A second network at the other end of a veth pair: addresses on the same port at both ends do not collide
  // there. Call once. Afterwards near and far reach each other by these addresses.
  struct FarAddresses {
    Address near;
    Address far;
  };
  [[nodiscard]] Result<FarAddresses> connect_far(Family family) const;

  [[nodiscard]] Result<UniqueFd> net_ns(Network network) const;
  [[nodiscard]] pid_t init_pid() const { return pid_; }          // as the host sees it
  [[nodiscard]] int init_pidfd() const { return pidfd_.get(); }  // for setns(2)
  [[nodiscard]] Isolation isolation() const { return isolation_; }

 private:
  World() = default;
  Result<UniqueFd> request(const InitRequest& request, bool expects_fd) const;
  Result<void> bring_up(Network network) const;
  void end();

  UniqueFd control_;
  UniqueFd pidfd_;
  pid_t pid_ = -1;
  Isolation isolation_ = Isolation::kNetNs;
};

}  // namespace selfconnect
