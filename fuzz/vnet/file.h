// What virtual descriptors stand for: an open file description (open(2)), shared by all descriptors that dup(2) made of one.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace selfconnect::vnet {

class File;

// Told when a file may have become ready: what epoll(7) hangs on.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // `events`: a mask of poll(2), what woke it; 0 when that is not known.
  virtual void woken(File& file, short events) = 0;
  // Its last descriptor is closed, or it is no more: it does not wake this any more.
  virtual void left(File& file) = 0;
};

class File {
 public:
  enum class Kind : std::uint8_t {
    kTcp,
    kDatagram,  // made and closed, never used: clients ask so whether a family is there
    kEpoll,
    kTimer,
  };

  explicit File(Kind kind) : kind_(kind) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() { leave_watchers(); }

  [[nodiscard]] Kind kind() const { return kind_; }
  // The mask of poll(2) as it stands, whatever was asked for: POLLIN, POLLOUT, POLLRDHUP, POLLERR, POLLHUP and the like.
  [[nodiscard]] virtual short ready() const = 0;
  // Its last descriptor is closed. Called once; the object goes with the last reference.
  virtual void release() = 0;

  bool nonblocking = false;  // O_NONBLOCK
  int descriptors = 0;       // that stand for it

  void watch(Watcher& watcher) { watchers_.push_back(&watcher); }
  void unwatch(Watcher& watcher) { std::erase(watchers_, &watcher); }
  // With the last descriptor, before release().
  void leave_watchers() {
    for (Watcher* watcher : std::exchange(watchers_, {})) watcher->left(*this);
  }

 protected:
  void wake(short events) {
    // The last to come is the first to know, as in a wait queue of the kernel.
    for (std::size_t index = watchers_.size(); index != 0; --index)
      watchers_[index - 1]->woken(*this, events);
  }

 private:
  Kind kind_;
  std::vector<Watcher*> watchers_;
};

}  // namespace selfconnect::vnet
