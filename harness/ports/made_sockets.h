// The sockets that the supervisor has made for the target and that have not dialled yet, by inode. A copy is given back
// at the first connect() or listen(), so it never keeps a connection or a listening port open.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <deque>

#include "harness/sys/unique_fd.h"

namespace selfconnect {

class MadeSockets {
 public:
  static constexpr std::size_t kMost = 256;

  // Keeps the copy of a socket that `thread` asked for. When there are too many, those that its maker's process has closed
  // are let go, or else the oldest: then the kernel chooses that one's port.
  void keep(pid_t thread, UniqueFd socket);

  // The same of one that is bound, whose port is free again only when this copy is closed as well.
  void keep_bound(pid_t thread, UniqueFd socket);
  // Lets those of them go that their maker's process has closed: before anything else is bound.
  void let_go_of_closed();

  // No descriptor: not made here, or let go.
  [[nodiscard]] UniqueFd give_back(ino_t inode);

  [[nodiscard]] std::size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    pid_t thread = 0;
    ino_t inode = 0;
    UniqueFd socket;
    bool bound = false;
  };
  void keep(Kept kept);
  void forget_closed(bool (*of)(const Kept&));

  std::deque<Kept> kept_;  // oldest first
};

}  // namespace selfconnect
