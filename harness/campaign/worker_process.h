// A worker as its campaign holds it: a process of this program, and the pipes to and from it.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/campaign/worker_message.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// Descriptors that a worker is born with.
inline constexpr int kWorkerBoard = 3;
inline constexpr int kWorkerOrders = 4;    // reads: 'i' interrupts the run at hand
inline constexpr int kWorkerMessages = 5;  // writes lines

inline constexpr char kInterruptOrder = 'i';

// Owned and move-only. Destruction kills it, and reaps it.
class WorkerProcess {
 public:
  // In a process group of its own, so that Ctrl-C reaches the campaign alone. Its output goes to `log`.
  static Result<WorkerProcess> spawn(const std::vector<std::string>& command, int board,
                                     const std::filesystem::path& log);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();

  // What it has said since; does not wait.
  [[nodiscard]] std::vector<WorkerMessage> take_messages();
  void interrupt() const;
  // How it ended, as waitpid(2) says it; nothing while it lives.
  [[nodiscard]] std::optional<int> ended();

 private:
  WorkerProcess() = default;
  void end();

  pid_t pid_ = -1;
  std::optional<int> status_;
  UniqueFd orders_;
  UniqueFd messages_;
  std::string partial_;
};

}  // namespace selfconnect
