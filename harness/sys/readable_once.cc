// SPDX-License-Identifier: MIT
#include "harness/sys/readable_once.h"

#include <sys/epoll.h>

namespace selfconnect {

namespace {

epoll_event once() { return {.events = EPOLLIN | EPOLLONESHOT, .data = {}}; }

}  // namespace

Result<ReadableOnce> ReadableOnce::create(int watched) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return std::unexpected(errno_error("epoll_create1"));
  epoll_event event = once();
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, watched, &event) != 0) {
    return std::unexpected(errno_error("epoll_ctl"));
  }
  return ReadableOnce(std::move(epoll), watched);
}

void ReadableOnce::take() const {
  epoll_event event{};
  (void)epoll_wait(epoll_.get(), &event, 1, 0);
}

void ReadableOnce::arm() const {
  epoll_event event = once();
  (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watched_, &event);
}

}  // namespace selfconnect
