// poll(2) and select(2), as fs/select.c has them. Nothing is ready: time moves, up to the call's limit. There is none, and nothing
// can ever happen: EDEADLK. Signal masks make no difference, for no signal comes out of virtual time.
// SPDX-License-Identifier: MIT
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <span>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/clocks.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/poll_set.h"
#include "fuzz/vnet/result_of.h"

namespace selfconnect::vnet::calls {

namespace {

// What makes a descriptor come back in a set: POLLIN_SET, POLLOUT_SET, POLLEX_SET of fs/select.c.
constexpr short kReadable = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR;
constexpr short kWritable = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR;
constexpr short kFailed = POLLPRI;

bool is_too_many(nfds_t count) {
  if (count <= FD_SETSIZE) return false;
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 && count > limit.rlim_cur;
}

int poll_until(pollfd* fds, nfds_t count, std::optional<Time> limit) {
  if (is_too_many(count)) return result_of(-EINVAL);
  if (fds == nullptr && count != 0) return result_of(-EFAULT);
  Host& host = *current_host();
  PollSet set(host.descriptors(), std::span(fds, count));
  int found = 0;
  const auto waited = host.wait([&] { return (found = set.look()) != 0; }, limit);
  return waited == Host::Waited::kStandstill ? result_of(-EDEADLK) : found;
}

// Up to three sets of descriptors, as one list of what to poll.
class Selected {
 public:
  Selected(int count, fd_set* readable, fd_set* writable, fd_set* failed)
      : sets_{{{readable, kReadable}, {writable, kWritable}, {failed, kFailed}}},
        // The kernel too leaves out what no descriptor can be.
        count_(count < FD_SETSIZE ? count : FD_SETSIZE) {
    for (int word = 0; word * NFDBITS < count_; ++word) list(word);
  }

  [[nodiscard]] std::span<pollfd> polled() { return std::span(polled_).first(size_); }

  // How many bits come back.
  [[nodiscard]] int found() const {
    int found = 0;
    for (std::size_t index = 0; index < size_; ++index) {
      for (const Set& set : sets_) found += has(set, polled_[index]) ? 1 : 0;
    }
    return found;
  }

  void give_back() {
    for (const Set& set : sets_) {
      for (int word = 0; set.bits != nullptr && word * NFDBITS < count_; ++word) words(*set.bits)[word] = 0;
    }
    // After all are cleared: `events` says what was asked for.
    for (std::size_t index = 0; index < size_; ++index) {
      for (const Set& set : sets_) {
        if (has(set, polled_[index])) FD_SET(polled_[index].fd, set.bits);
      }
    }
  }

 private:
  struct Set {
    fd_set* bits;
    short events;
  };

  static fd_mask* words(fd_set& set) { return reinterpret_cast<fd_mask*>(&set); }

  // Its bit was set, and comes back. One event of each set stands in `events` for that.
  static bool has(const Set& set, const pollfd& entry) {
    return (entry.events & mark(set)) != 0 && (entry.revents & set.events) != 0;
  }
  static short mark(const Set& set) {
    return set.events == kReadable ? POLLRDBAND : set.events == kWritable ? POLLWRBAND : POLLPRI;
  }

  void list(int word) {
    fd_mask any = 0;
    for (const Set& set : sets_) any |= set.bits == nullptr ? 0 : words(*set.bits)[word];
    for (int fd = word * NFDBITS; any != 0 && fd < (word + 1) * NFDBITS && fd < count_; ++fd) {
      short events = 0;
      for (const Set& set : sets_) {
        if (set.bits != nullptr && FD_ISSET(fd, set.bits)) events |= set.events;
      }
      if (events != 0) polled_[size_++] = {.fd = fd, .events = events, .revents = 0};
    }
  }

  std::array<Set, 3> sets_;
  int count_;
  std::array<pollfd, FD_SETSIZE> polled_;
  std::size_t size_ = 0;
};

int select_until(int count, fd_set* readable, fd_set* writable, fd_set* failed, std::optional<Time> limit) {
  if (count < 0) return result_of(-EINVAL);
  Host& host = *current_host();
  Selected selected(count, readable, writable, failed);
  PollSet set(host.descriptors(), selected.polled());
  if (set.has_closed()) return result_of(-EBADF);
  int found = 0;
  const auto looked = [&] {
    set.look();
    return (found = selected.found()) != 0;
  };
  const auto waited = host.wait(looked, limit);
  if (waited == Host::Waited::kStandstill) return result_of(-EDEADLK);
  selected.give_back();
  return found;
}

}  // namespace

int poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (timeout_ms < 0) return poll_until(fds, count, std::nullopt);
  return poll_until(fds, count, limit_after(current_host()->now(), std::chrono::milliseconds(timeout_ms)));
}

int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* /*mask*/) {
  if (timeout == nullptr) return poll_until(fds, count, std::nullopt);
  if (!is_valid(*timeout)) return result_of(-EINVAL);
  return poll_until(fds, count, limit_after(current_host()->now(), time_of(*timeout)));
}

int select(int count, fd_set* readable, fd_set* writable, fd_set* failed, timeval* timeout) {
  if (timeout == nullptr) return select_until(count, readable, writable, failed, std::nullopt);
  if (timeout->tv_sec < 0 || timeout->tv_usec < 0) return result_of(-EINVAL);
  Host& host = *current_host();
  // More microseconds than a second has are allowed here, unlike in timespec.
  const long microseconds = timeout->tv_usec;
  const Time duration =
      time_of({.tv_sec = timeout->tv_sec, .tv_nsec = 0}) +
      time_of({.tv_sec = microseconds / 1'000'000, .tv_nsec = microseconds % 1'000'000 * 1'000});
  const Time began = host.now();
  const int found = select_until(count, readable, writable, failed, limit_after(began, duration));
  const Time left = duration - (host.now() - began);
  *timeout = timeval_of(left > Time{0} ? left : Time{0});
  return found;
}

int pselect(int count, fd_set* readable, fd_set* writable, fd_set* failed, const timespec* timeout,
            const sigset_t* /*mask*/) {
  if (timeout == nullptr) return select_until(count, readable, writable, failed, std::nullopt);
  if (!is_valid(*timeout)) return result_of(-EINVAL);
  const auto limit = limit_after(current_host()->now(), time_of(*timeout));
  return select_until(count, readable, writable, failed, limit);
}

}  // namespace selfconnect::vnet::calls
