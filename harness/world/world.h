// The isolated network that one phase runs in: network, PID and mount namespaces, in a user namespace of its own where the
// harness has no CAP_SYS_ADMIN. Nothing of the host is changed, and nothing can leave it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/init.h"
#include "harness/world/left_processes.h"
#include "harness/world/maker.h"
#include "harness/world/recycling.h"

namespace selfconnect {

// How a world is kept apart from the host.
enum class Isolation {
  kNetNs,         // as root: network namespace
  kUserAndNetNs,  // as an ordinary user: inside a user namespace (user_namespaces(7))
  kNone           // where no namespace may be made: the network at hand, see World::here()
};
[[nodiscard]] std::string_view isolation_name(Isolation isolation);  // "netns", "userns+netns", "none"

// Owned namespaces and the init process that keeps them. Move-only; only socket() is for two threads at once.
// Destruction kills every process in it and reaps its init. Children that the caller has put into it (Process) must be
// reaped before, for its init ends after all others are gone (pid_namespaces(7)).
class World {
 public:
  // A world with `lo` up for IPv4 and IPv6, every IPv4 address local (ip-route(8): local 0.0.0.0/0 dev lo),
  // and unprivileged ports from 0. Errors: no namespaces allowed here (EPERM, ENOSPC), see `selfconnect
  // doctor`.
  // It costs a new Maker: for many worlds see WorldMaker.
  static Result<World> create();

  // No world of its own but the network, the processes and the files at hand, for any user. Nothing of them is changed:
  // sysctls, addresses and a far network are refused. This process becomes the parent of its orphaned descendants
  // (prctl(2), PR_SET_CHILD_SUBREAPER), so that what a target leaves behind ends with the world: children of this process
  // that are in another session and were not there before. While it lives the process starts no others of that kind. A
  // target's first process is killed when the thread that launched it ends (PR_SET_PDEATHSIG), the whole harness
  // killed included; its other processes are not.
  static Result<World> here();

  World(World&& other) noexcept = default;
  World& operator=(World&& other) noexcept;
  ~World();

  // The two halves of destruction, for who has other things to do than to wait (Graveyard): every process in it is
  // killed; true once all are gone, and then there is nothing left to destroy.
  void kill();
  [[nodiscard]] bool reap_if_ended();

  // For a world that is to be used again (WorldPool). Called once, while it is as it was made: from now on it is noted what a
  // run changes. Errors: this kernel, or this user, cannot see or undo enough; the world is as good as before.
  [[nodiscard]] Result<void> watch();
  // Makes the world as it was at watch(), and proves it. Ends every process but init; destroys TCP sockets in whatever state,
  // TIME-WAIT and those without an owner too (SOCK_DESTROY); forgets what TCP has learned (ip-tcp_metrics(8)); sets back the
  // sysctls that set_sysctls wrote and the pid that the next process gets. Before: the caller has reaped its children in the
  // world and closed all sockets that live there. Afterwards no socket is there but the expected ones and those of
  // AF_PACKET and AF_NETLINK that socket() has given out, which are emptied, kept and given out again: to close them takes
  // the kernel some 15 ms (RCU).
  // Errors: something cannot be undone - an address, a link, a route, a rule of nf_tables, a mount, a far network, another's
  // writing of a sysctl, a process that does not end - and the world is not to be used again. EAGAIN: sockets are on their
  // way out (a closed netlink socket goes with the next RCU grace period), and another call may succeed.
  // What is not undone: the counters (/proc/net/snmp, dev) go on counting; what a target with CAP_NET_ADMIN did by means that
  // tell nobody, iptables-legacy for one; without that capability over the machine, what a TCP Fast Open client learned.
  // Blocks for some 0.1 ms, and for at most 0.2 s where processes do not end.
  [[nodiscard]] Result<void> clean();
  [[nodiscard]] bool watched() const { return recycling_ != nullptr; }

  // For a world that is to be used again with another network. Called once, while it is as it was made. Errors: as of watch().
  [[nodiscard]] Result<void> watch_all_but_network();
  // Ends every process but init, and makes a network in place of the old one, as it was when the world was made. Before: the
  // caller has reaped its children in the world; sockets that it still has stay in the old network, which goes with them.
  // Returns sockets of the old network whose last close takes the kernel some 15 ms (RCU), for the caller to close
  // where nobody waits for it.
  // Errors: something else than the network was changed and cannot be undone - a mount, a sysctl of the PID namespace, a
  // process that does not end - and the world is not to be used again.
  // What is not undone: what a process leaves that is none of these, keys in a user's keyring (keyrings(7)) for one.
  // Blocks for some 0.4 ms, and for at most 0.2 s where processes do not end.
  [[nodiscard]] Result<std::vector<UniqueFd>> renew();
  [[nodiscard]] bool renewable() const { return renewable_; }
  [[nodiscard]] bool ended() const;  // its init has, without being told to

  // A socket that lives in the world, close-on-exec. The caller may use it from outside.
  [[nodiscard]] Result<UniqueFd> socket(int domain, int type, int protocol,
                                        Network network = Network::kNear) const;
  // Sockets that will be asked for one by one, made in one go where they are not there yet: each request to the world's init
  // costs two changes of process. At most kMostDescriptors. The next network (renew) comes with those that were expected last.
  void expect_sockets(std::span<const SocketKind> kinds);

  // Writes sysctls of the world's network, "net/ipv4/ip_local_port_range", in order.
  struct Sysctl {
    std::string_view path;
    std::string_view value;
  };
  [[nodiscard]] Result<void> set_sysctls(std::span<const Sysctl> sysctls,
                                         Network network = Network::kNear) const;
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
  [[nodiscard]] pid_t init_pid() const { return pid_; }          // as the host sees it; kNone: this process
  [[nodiscard]] int init_pidfd() const { return pidfd_.get(); }  // for setns(2); kNone: -1
  [[nodiscard]] Isolation isolation() const { return isolation_; }

 private:
  friend class WorldMaker;
  World() = default;
  // At least so many descriptors come with the reply. `text`: so many bytes of the request's text are used.
  Result<std::vector<UniqueFd>> request(const InitRequest& request, std::size_t descriptors,
                                        std::size_t text = 0) const;
  Result<std::vector<UniqueFd>> sockets(std::span<const SocketKind> kinds, Network network) const;
  UniqueFd spare_socket(const SocketKind& kind) const;
  static Result<void> bring_up(int routes);
  void end();

  UniqueFd control_;
  UniqueFd descriptors_;
  UniqueFd routes_;                         // a NETLINK_ROUTE socket of the near network
  mutable std::vector<SpareSocket> spare_;  // expected sockets
  std::vector<SocketKind> expected_;        // last
  UniqueFd pidfd_;
  pid_t pid_ = -1;
  Isolation isolation_ = Isolation::kNetNs;
  std::unique_ptr<LeftProcesses> left_;  // kNone
  std::unique_ptr<std::mutex> requests_ =
      std::make_unique<std::mutex>();     // of control_, descriptors_ and spare_
  std::unique_ptr<Recycling> recycling_;  // after watch()
  bool renewable_ = false;                // after watch_all_but_network()
};

// In a world it is no source address by itself: IPv6 and 127.0.0.0/8, but for 127.0.0.1 and ::1.
[[nodiscard]] bool needs_local_address(const Address& address);

// Worlds, one after the other, from one Maker, which is started with the first of them and ends with this. For one thread
// at a time; the worlds may outlive it.
class WorldMaker {
 public:
  [[nodiscard]] Result<World> make();  // see World::create

 private:
  std::optional<Maker> maker_;
};

}  // namespace selfconnect
