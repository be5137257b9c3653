// epoll_create(2), epoll_ctl(2) and epoll_wait(2) with its other forms. Those made in a run are virtual. A real one, from before
// it, holds real members only. Signal masks make no difference, as in calls_poll.cc.
// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <cerrno>
#include <climits>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/clocks.h"
#include "fuzz/vnet/epoll.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/real.h"
#include "fuzz/vnet/refuse.h"
#include "fuzz/vnet/result_of.h"

namespace selfconnect::vnet::calls {

namespace {

bool is_open(const Host& host, int fd) {
  if (Descriptors::is_virtual(fd)) return host.descriptors().find(fd) != nullptr;
  return real::fcntl(fd, F_GETFD, 0) >= 0;
}

Epoll* find_epoll(const Host& host, int fd) {
  File* file = host.descriptors().find(fd);
  return file == nullptr || file->kind() != File::Kind::kEpoll ? nullptr : static_cast<Epoll*>(file);
}

int control_virtual(Epoll& epoll, int operation, int fd, File& member, const epoll_event* event) {
  switch (operation) {
    case EPOLL_CTL_ADD:
      if ((event->events & EPOLLEXCLUSIVE) != 0) {
        refuse("epoll_ctl()", "EPOLLEXCLUSIVE is for clients of several threads, which are not modelled");
      }
      return epoll.add(fd, member, *event);
    case EPOLL_CTL_MOD:
      if ((event->events & EPOLLEXCLUSIVE) != 0) return -EINVAL;
      return epoll.modify(fd, member, *event);
    case EPOLL_CTL_DEL:
      return epoll.remove(fd, member);
    default:
      return -EINVAL;
  }
}

int control(Host& host, int fd, int operation, int member, epoll_event* event) {
  if (operation != EPOLL_CTL_DEL && event == nullptr) return -EFAULT;
  if (!is_open(host, fd) || !is_open(host, member)) return -EBADF;
  if (!Descriptors::is_virtual(fd)) {
    refuse("epoll_ctl()", "a virtual descriptor cannot be in an epoll that was made before the run");
  }
  Epoll* epoll = find_epoll(host, fd);
  File* file = host.descriptors().find(member);
  if (epoll == nullptr || file == epoll) return -EINVAL;
  return file == nullptr ? epoll->control_real(operation, member, event)
                         : control_virtual(*epoll, operation, member, *file, event);
}

int wait_real(Host& host, int fd, epoll_event* events, int room, std::optional<Time> limit) {
  int found = 0;
  const auto waited = host.wait([&] { return (found = real::epoll_wait(fd, events, room, 0)) != 0; }, limit);
  if (waited == Host::Waited::kStandstill) errno = EDEADLK;
  return waited == Host::Waited::kStandstill ? -1 : found;
}

int wait_until(int fd, epoll_event* events, int room, std::optional<Time> limit) {
  Host& host = *current_host();
  if (!Descriptors::is_virtual(fd)) return wait_real(host, fd, events, room, limit);
  if (!is_open(host, fd)) return result_of(-EBADF);
  constexpr int kMostRoom = INT_MAX / static_cast<int>(sizeof(epoll_event));
  Epoll* epoll = find_epoll(host, fd);
  if (epoll == nullptr || room <= 0 || room > kMostRoom) return result_of(-EINVAL);
  return result_of(epoll->wait(events, room, limit));
}

}  // namespace

int epoll_create(int size) { return size <= 0 ? result_of(-EINVAL) : calls::epoll_create1(0); }

int epoll_create1(int flags) {
  if ((flags & ~EPOLL_CLOEXEC) != 0) return result_of(-EINVAL);
  Host& host = *current_host();
  return host.descriptors().open(std::make_shared<Epoll>(host), flags != 0);
}

int epoll_ctl(int fd, int operation, int member, epoll_event* event) {
  if (!Descriptors::is_virtual(fd) && !Descriptors::is_virtual(member)) {
    return real::epoll_ctl(fd, operation, member, event);
  }
  return result_of(control(*current_host(), fd, operation, member, event));
}

int epoll_wait(int fd, epoll_event* events, int room, int timeout_ms) {
  if (timeout_ms < 0) return wait_until(fd, events, room, std::nullopt);
  const auto limit = limit_after(current_host()->now(), std::chrono::milliseconds(timeout_ms));
  return wait_until(fd, events, room, limit);
}

int epoll_pwait(int fd, epoll_event* events, int room, int timeout_ms, const sigset_t* /*mask*/) {
  return calls::epoll_wait(fd, events, room, timeout_ms);
}

int epoll_pwait2(int fd, epoll_event* events, int room, const timespec* timeout, const sigset_t* /*mask*/) {
  if (timeout == nullptr) return wait_until(fd, events, room, std::nullopt);
  if (!is_valid(*timeout)) return result_of(-EINVAL);
  return wait_until(fd, events, room, limit_after(current_host()->now(), time_of(*timeout)));
}

}  // namespace selfconnect::vnet::calls
