// Tells whether links, addresses, routes, rules or nf_tables of a network namespace were changed, by whomever: the kernel
// says so to who listens (netlink(7), multicast groups). What was changed is not told.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

class World;

class NetworkWatch {
 public:
  static Result<NetworkWatch> begin(const World& world);

  // Since begin(). Once something was, each further call says so.
  [[nodiscard]] Result<void> nothing_changed();

  [[nodiscard]] std::size_t sockets() const { return netfilter_ ? 2 : 1; }  // our own

 private:
  NetworkWatch(UniqueFd routes, UniqueFd netfilter)
      : routes_(std::move(routes)), netfilter_(std::move(netfilter)) {}

  UniqueFd routes_;
  UniqueFd netfilter_;  // none where the kernel has none
  bool changed_ = false;
};

}  // namespace selfconnect
