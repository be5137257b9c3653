// Worlds for many runs: one that was used is cleaned and used again, if nothing of its last run can be seen in it, and else
// ended. Worth it where runs are short: to make and end a world takes longer than they do.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "harness/world/graveyard.h"
#include "harness/world/slow_close.h"
#include "harness/world/world.h"

namespace selfconnect {

// For one thread. Outlives the worlds that it lends.
class WorldPool {
 public:
  enum class Reuse {
    kNever,    // a new one each time
    kRenewed,  // with a new network, see World::renew
    kCleaned   // see World::clean
  };
  struct Options {
    Reuse reuse = Reuse::kCleaned;
    std::size_t most_idle = 64;  // beyond it the oldest is ended
  };
  struct Return {
    WorldPool* pool = nullptr;
    void operator()(World* world) const;
  };
  // Comes back when it is let go. By then all that the caller has in it is closed, and its children there are reaped.
  using Lent = std::unique_ptr<World, Return>;

  explicit WorldPool(Options options) : options_(options) {}
  ~WorldPool();
  WorldPool(const WorldPool&) = delete;
  WorldPool& operator=(const WorldPool&) = delete;

  // A clean one, or a new one. Errors as of World::create; that worlds cannot be used again here is none, see counts().
  [[nodiscard]] Result<Lent> take();
  // One that was made elsewhere, World::here() for one: it ends when it is let go.
  [[nodiscard]] Lent lend(World world);

  struct Counts {
    std::uint64_t made = 0;      // new ones
    std::uint64_t recycled = 0;  // times that a used one was given out
    std::uint64_t refused = 0;   // used ones that could not be cleaned
    std::string refusal;         // why, the last of them
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::size_t idle() const { return clean_.size() + settling_.size(); }

 private:
  using Clock = std::chrono::steady_clock;
  // Not clean yet, for sockets in it wait for the kernel.
  struct Settling {
    World world;
    Clock::time_point by;
  };

  [[nodiscard]] Result<void> watch(World& world) const;
  void take_back(World world);
  void renew(World world);
  void sort_out(World world, Clock::time_point by);
  void look_at_settling();
  void refuse(World world, const Error& why);
  void end(World world);
  [[nodiscard]] bool worth_watching() const;

  Options options_;
  WorldMaker maker_;
  SlowClose slow_close_;
  Graveyard graveyard_;
  std::vector<World> clean_;
  std::deque<Settling> settling_;
  Counts counts_;
  int refused_in_a_row_ = 0;
};

}  // namespace selfconnect
