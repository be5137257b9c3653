// SPDX-License-Identifier: MIT
#include "harness/world/slow_close.h"

#include <signal.h>

#include <utility>

namespace selfconnect {

SlowClose::~SlowClose() {
  {
    const std::scoped_lock lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SlowClose::close(UniqueFd fd) {
  bool one_more = false;
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(fd));
    one_more = waiting_.size() > idle_ && threads_.size() < kMostThreads;
  }
  if (one_more) {
    threads_.emplace_back([this] { run(); });
  } else {
    changed_.notify_one();
  }
}

void SlowClose::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    UniqueFd fd = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    fd.reset();
    lock.lock();
  }
}

}  // namespace selfconnect
