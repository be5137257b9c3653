// SPDX-License-Identifier: MIT
#include "harness/world/graveyard.h"

#include <utility>

namespace selfconnect {

void Graveyard::Burial::operator()(World* world) const {
  graveyard->bury(std::move(*world));
  delete world;
}

Graveyard::Kept Graveyard::keep(World world) { return Kept(new World(std::move(world)), Burial{this}); }

void Graveyard::bury(World world) {
  // Ends here and now: the next target is among the same processes, and would be taken for what this one has left.
  if (world.isolation() == Isolation::kNone) return;
  world.kill();
  std::erase_if(dying_, [](World& one) { return one.reap_if_ended(); });
  if (dying_.size() == kMostDying) dying_.erase(dying_.begin());
  dying_.push_back(std::move(world));
}

}  // namespace selfconnect
