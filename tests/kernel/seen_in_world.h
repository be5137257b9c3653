// What a program sees of a world, to hold one that is used again against one that is new.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>

#include "harness/net/endpoint.h"
#include "harness/trace/proc_sampler.h"
#include "harness/world/world.h"
#include "in_world.h"

namespace selfconnect::testing {

inline const Endpoint kSelf4{*Address::parse("127.0.0.1"), 50000};
inline const Endpoint kSelf6{*Address::parse("::1"), 50000};

inline UniqueFd dial(const World& world, const Endpoint& to) {
  auto socket = world.socket(to.address.family() == Family::kIpv4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
  if (!socket) return {};
  sockaddr_storage storage{};
  const socklen_t length = to.to_sockaddr(storage);
  if (connect(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
  return std::move(*socket);
}

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a target would see: every table of sockets, every process, the addresses and routes. Counters go on counting.
inline std::map<std::string, std::string> visible(const World& world) {
  const std::filesystem::path net = "/proc/" + std::to_string(world.init_pid()) + "/net";
  std::map<std::string, std::string> seen;
  for (const char* name : {"tcp", "tcp6", "udp", "udp6", "raw", "raw6", "icmp", "icmp6", "udplite", "unix",
                           "packet", "route", "ipv6_route", "if_inet6", "fib_trie", "igmp6", "dev_mcast"}) {
    seen[name] = text_of(net / name);
  }
  // Not how often the kernel itself refers to a route: its caches let go later.
  seen["ipv6_route"] =
      std::regex_replace(seen["ipv6_route"], std::regex(" [0-9a-f]{8} [0-9a-f]{8} ([0-9a-f]{8} +lo)"), " $1");
  seen["processes"] = std::to_string(processes_under(world.init_pid(), RootIs::kParent).size());
  return seen;
}

inline std::string sysctls(const World& world) {
  return run_shell(world,
                   "cd /proc/sys && find net kernel/pid_max -type f | LC_ALL=C sort | "
                   "while read f; do echo \"$f $(cat $f 2>&1)\"; done | "
                   "grep -v -e stable_secret -e fastopen_key -e nf_conntrack_count")
      .out;
}

}  // namespace selfconnect::testing
