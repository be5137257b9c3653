// The real members of a virtual epoll: a real epoll, asked without waiting.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/epoll.h>

namespace selfconnect::vnet {

class RealEpoll {
 public:
  RealEpoll();
  RealEpoll(const RealEpoll&) = delete;
  RealEpoll& operator=(const RealEpoll&) = delete;
  ~RealEpoll();

  // As epoll_ctl(2): 0, or an errno below 0.
  int control(int operation, int fd, epoll_event* event);
  // Up to `room` events that are there; how many.
  int take(epoll_event* events, int room);
  [[nodiscard]] bool is_ready() const;

 private:
  int fd_;
};

}  // namespace selfconnect::vnet
