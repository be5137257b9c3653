// Closes descriptors whose close takes the kernel long and costs it nothing: a packet socket waits for an RCU grace period,
// 15 ms and more.
// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/sys/unique_fd.h"

namespace selfconnect {

// Has threads of its own, for as many closes at once. For one thread. Its end waits for all of them.
class SlowClose {
 public:
  SlowClose() = default;
  ~SlowClose();
  SlowClose(const SlowClose&) = delete;
  SlowClose& operator=(const SlowClose&) = delete;

  void close(UniqueFd fd);

 private:
  static constexpr std::size_t kMostThreads = 32;

  void run();

  std::mutex mutex_;  // of all but threads_
  std::condition_variable changed_;
  std::deque<UniqueFd> waiting_;
  std::size_t idle_ = 0;  // threads that wait for one, less those that will get one
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace selfconnect
