// SPDX-License-Identifier: MIT
#include "harness/campaign/worker_orders.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <utility>

#include "harness/campaign/worker_process.h"

namespace selfconnect {

Result<void> become_worker() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
    return std::unexpected(errno_error("prctl(PR_SET_PDEATHSIG)"));
  for (const int fd : {kWorkerBoard, kWorkerOrders, kWorkerMessages}) {
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return std::unexpected(errno_error("fcntl(F_SETFD)"));
  }
  return {};
}

void follow_orders(UniqueFd orders, std::function<void()> interrupt) {
  std::thread([fd = std::move(orders), call = std::move(interrupt)] {
    std::array<char, 16> chunk;
    while (true) {
      const ssize_t size = read(fd.get(), chunk.data(), chunk.size());
      if (size < 0 && errno == EINTR) continue;
      // Worlds end with the process that holds their lifelines.
      if (size <= 0) _exit(0);
      call();
    }
  }).detach();
}

}  // namespace selfconnect
