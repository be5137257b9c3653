// Where worlds end without anybody waiting for it: closing a capture takes the kernel 15 ms and more (an RCU grace
// period, no CPU time), and a world is gone only after that.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "harness/world/world.h"

namespace selfconnect {

// Kills the worlds that are given up, at once, and reaps them as they end; at its own end it waits for the rest. For
// one thread. Outlives the worlds that it keeps.
class Graveyard {
 public:
  struct Burial {
    Graveyard* graveyard = nullptr;
    void operator()(World* world) const;
  };
  using Kept = std::unique_ptr<World, Burial>;

  Graveyard() = default;
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // A world that comes here when it is let go.
  [[nodiscard]] Kept keep(World world);
  // Killed, but not seen to have ended yet.
  [[nodiscard]] std::size_t dying() const { return dying_.size(); }

 private:
  static constexpr std::size_t kMostDying = 64;  // beyond it the oldest is waited for

  void bury(World world);

  std::vector<World> dying_;
};

}  // namespace selfconnect
