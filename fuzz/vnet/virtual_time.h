// Virtual time, and what happens at a time of it. Nothing here reads a clock.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace selfconnect::vnet {

// Since the run began.
using Time = std::chrono::nanoseconds;

// Something that happens once at a time. Whoever owns it cancels it before it goes.
class Timed {
 public:
  virtual ~Timed() = default;
  virtual void expire() = 0;
};

// What is going to happen, in the order of time; of the same time, in the order in which it was set.
class Timers {
 public:
  void set(Timed& what, Time at);  // in place of an earlier time
  void cancel(const Timed& what);
  [[nodiscard]] std::optional<Time> next() const;
  // Lets the first of those that are due by `now` happen. False: there is none.
  bool expire_one(Time now);
  void clear();

 private:
  struct Entry {
    Time at{};
    std::uint64_t order = 0;
    Timed* what = nullptr;
  };
  [[nodiscard]] std::size_t first() const;

  std::vector<Entry> entries_;  // few: sockets that connect, timers
  std::uint64_t set_so_far_ = 0;
};

}  // namespace selfconnect::vnet
