// What the processes of a campaign share in memory: how many runs there were, and whether to go on. Made by `selfconnect fuzz`,
// mapped by each worker.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

inline constexpr std::size_t kMostWorkers = 256;

enum class Going : std::uint32_t {
  kOn,
  kFinish,  // what a worker plays is worth nothing any more, but where it confirms and shrinks a finding
  kStop,    // nor there
};

// Of one worker, written by it.
struct WorkerCell {
  std::atomic<std::uint64_t> runs = 0;    // done; confirming and shrinking too
  std::atomic<std::uint64_t> judged = 0;  // of new schedules
  std::atomic<bool> is_settling = false;  // it confirms and shrinks a finding
};

struct Board {
  std::atomic<Going> going = Going::kOn;
  std::atomic<std::uint64_t> taken = 0;  // runs that were begun, of new schedules
  std::uint64_t most = UINT64_MAX;       // of those; written before the workers start
  std::array<WorkerCell, kMostWorkers> workers{};

  // Whether another schedule may be begun, and begins it.
  [[nodiscard]] bool take_run() { return going == Going::kOn && taken.fetch_add(1) < most; }
  [[nodiscard]] std::uint64_t all_runs() const;
  [[nodiscard]] std::uint64_t all_judged() const;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// The mapping, owned.
class SharedBoard {
 public:
  static Result<SharedBoard> create();
  static Result<SharedBoard> attach(UniqueFd fd);
  SharedBoard(SharedBoard&& other) noexcept;
  SharedBoard& operator=(SharedBoard&&) = delete;
  ~SharedBoard();

  [[nodiscard]] Board& operator*() const { return *board_; }
  [[nodiscard]] Board* operator->() const { return board_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  SharedBoard(UniqueFd fd, Board* board) : fd_(std::move(fd)), board_(board) {}

  UniqueFd fd_;
  Board* board_ = nullptr;
};

}  // namespace selfconnect
