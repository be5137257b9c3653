// SPDX-License-Identifier: MIT
#include "harness/world/world_pool.h"

#include <cerrno>
#include <utility>

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

constexpr auto kSettlesWithin = 1s;  // an RCU grace period is some 20 ms, more where all processors are busy
constexpr int kHopeless =
    16;  // refusals in a row: this target spoils each world, so none is watched any more

}  // namespace

void WorldPool::Return::operator()(World* world) const {
  pool->take_back(std::move(*world));
  delete world;
}

// All are killed before the first is waited for.
WorldPool::~WorldPool() {
  for (World& world : clean_) end(std::move(world));
  for (Settling& settling : settling_) end(std::move(settling.world));
}

Result<WorldPool::Lent> WorldPool::take() {
  if (clean_.empty()) look_at_settling();
  while (!clean_.empty()) {
    World world = std::move(clean_.back());
    clean_.pop_back();
    if (world.ended()) continue;  // the machine was short of memory, say
    ++counts_.recycled;
    return lend(std::move(world));
  }
  auto made = maker_.make();
  if (!made) return std::unexpected(made.error());
  ++counts_.made;
  if (worth_watching()) {
    if (auto watched = watch(*made); !watched) {
      ++refused_in_a_row_;
      counts_.refusal = watched.error().message;
    }
  }
  return lend(std::move(*made));
}

WorldPool::Lent WorldPool::lend(World world) { return Lent(new World(std::move(world)), Return{this}); }

Result<void> WorldPool::watch(World& world) const {
  return options_.reuse == Reuse::kRenewed ? world.watch_all_but_network() : world.watch();
}

bool WorldPool::worth_watching() const {
  return options_.reuse != Reuse::kNever && options_.most_idle > 0 && refused_in_a_row_ < kHopeless;
}

void WorldPool::take_back(World world) {
  if (world.renewable()) {
    renew(std::move(world));
  } else if (world.watched()) {
    sort_out(std::move(world), Clock::now() + kSettlesWithin);
  } else {
    end(std::move(world));
  }
  while (idle() > options_.most_idle) {
    if (settling_.empty()) {
      end(std::move(clean_.front()));
      clean_.erase(clean_.begin());
    } else {
      end(std::move(settling_.front().world));
      settling_.pop_front();
    }
  }
}

void WorldPool::renew(World world) {
  auto old = world.renew();
  if (!old) return refuse(std::move(world), old.error());
  for (UniqueFd& socket : *old) slow_close_.close(std::move(socket));
  refused_in_a_row_ = 0;
  clean_.push_back(std::move(world));
}

// Clean, settling or refused.
void WorldPool::sort_out(World world, Clock::time_point by) {
  const auto cleaned = world.clean();
  if (cleaned) {
    refused_in_a_row_ = 0;
    clean_.push_back(std::move(world));
  } else if (cleaned.error().code == EAGAIN && Clock::now() < by) {
    settling_.push_back({std::move(world), by});
  } else {
    refuse(std::move(world), cleaned.error());
  }
}

// From the oldest, until one is clean. One that is not yet goes to the end: a look at each of them at most.
void WorldPool::look_at_settling() {
  for (std::size_t left = settling_.size(); left > 0 && clean_.empty(); --left) {
    Settling oldest = std::move(settling_.front());
    settling_.pop_front();
    sort_out(std::move(oldest.world), oldest.by);
  }
}

void WorldPool::refuse(World world, const Error& why) {
  ++counts_.refused;
  ++refused_in_a_row_;
  counts_.refusal = why.message;
  end(std::move(world));
}

void WorldPool::end(World world) { graveyard_.keep(std::move(world)).reset(); }

}  // namespace selfconnect
