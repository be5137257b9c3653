// Tells once that a descriptor has something to read, and not again before it is armed: for an event loop that wakes up for
// every event of what it knows, whether anybody waits for it or not (Boost.Asio).
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

class ReadableOnce {
 public:
  // Armed. `watched` outlives it.
  static Result<ReadableOnce> create(int watched);

  // Has something to read when `watched` has, until it is taken.
  [[nodiscard]] int fd() const { return epoll_.get(); }
  void take() const;
  void arm() const;

 private:
  ReadableOnce(UniqueFd epoll, int watched) : epoll_(std::move(epoll)), watched_(watched) {}

  UniqueFd epoll_;
  int watched_;
};

}  // namespace selfconnect
