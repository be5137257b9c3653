// Descriptors that one call waits for, virtual and real ones mixed: what poll(2) and select(2) look at.
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include <span>

#include "fuzz/vnet/descriptors.h"

namespace selfconnect::vnet {

// Real descriptors are looked at with the real poll, without waiting: while a client of one thread waits, only another process
// could change them, and none is waited for. So they do not keep a host from a standstill.
class PollSet {
 public:
  // Both outlive this.
  PollSet(const Descriptors& descriptors, std::span<pollfd> all);

  // Whether one is not open, without looking at those that are: a look changes the order of an epoll's events.
  [[nodiscard]] bool has_closed();
  // Sets every `revents` as poll(2) does; how many are not 0.
  int look();

 private:
  int look_at_real();

  const Descriptors& descriptors_;
  std::span<pollfd> all_;
  std::size_t real_ = 0;  // how many are
};

}  // namespace selfconnect::vnet
