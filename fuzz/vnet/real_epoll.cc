// SPDX-License-Identifier: MIT
#include "fuzz/vnet/real_epoll.h"

#include <algorithm>
#include <cerrno>

#include "fuzz/vnet/real.h"
#include "fuzz/vnet/refuse.h"

namespace selfconnect::vnet {

RealEpoll::RealEpoll() : fd_(real::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) refuse("epoll_ctl()", "no descriptor is left for the real members of an epoll");
}

RealEpoll::~RealEpoll() { real::close(fd_); }

int RealEpoll::control(int operation, int fd, epoll_event* event) {
  return real::epoll_ctl(fd_, operation, fd, event) == 0 ? 0 : -errno;
}

int RealEpoll::take(epoll_event* events, int room) {
  return std::max(real::epoll_wait(fd_, events, room, 0), 0);
}

bool RealEpoll::is_ready() const {
  pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
  return real::poll(&entry, 1, 0) > 0;
}

}  // namespace selfconnect::vnet
