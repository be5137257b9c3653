// The one line that shows on a terminal while a run is under way: written over in place, gone at the end.
// Counts nothing itself and starts no timer; the run tells it when something changed.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "harness/trace/trace.h"

namespace selfconnect {

struct ProgressState {
  Phase phase = Phase::kRefused;
  std::size_t number = 1;  // of the phase, from 1
  std::size_t phases = 1;
  std::uint64_t attempts = 0;  // in this phase
  std::uint64_t self_connects = 0;
  std::chrono::nanoseconds left{};  // until the phase's deadline
};

// "phase 2 of 5, self-connect: 12 attempts, 1 self-connect, at most 9.2 s left"
[[nodiscard]] std::string progress_line(const ProgressState& state);

class Progress {
 public:
  // Borrows `fd`, which must outlive it. Not a terminal: every call does nothing.
  explicit Progress(int fd);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { erase(); }

  void show(const ProgressState& state) { show(progress_line(state)); }
  void show(std::string line);
  // Leaves the line empty and the cursor at its start. Before anything else is written to the terminal.
  void erase();

 private:
  void write_text(const std::string& text) const;

  int fd_ = -1;            // -1: not a terminal
  std::size_t shown_ = 0;  // columns
};

}  // namespace selfconnect
