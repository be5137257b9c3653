// Simulation of linux-5.18: how many attempts a client makes until it is given one certain port. Leaps over stretches
// of the range in which nothing can happen, so that a first hit costs some 100 ns instead of 14,000 steps, with the
// same distribution: a unit test holds it against AllocatorModel.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/ports/candidate_ring.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

class FirstHits {
 public:
  // `target` is a usable slot of `ring`. The hash is changed every `attempts_per_period` attempts (at least 1), the
  // first of which is the client's first.
  FirstHits(const CandidateRing& ring, std::size_t target, std::uint64_t attempts_per_period,
            std::uint64_t seed);

  // Attempts until the port is given, itself included, for a client that starts anew.
  std::uint64_t next();

 private:
  // One attempt, from `place`, which becomes that of the next one. False: it was given the target.
  bool step(std::size_t& place);
  [[nodiscard]] std::size_t largest_leap(std::size_t place, std::uint64_t attempts_left) const;

  std::size_t target_;
  std::uint64_t attempts_per_period_;
  RandomSource random_;
  std::vector<std::uint16_t> skipped_;  // by slot: reserved slots from there on
  std::vector<std::uint16_t> quiet_;    // by slot: places from there on that have a free port, not the target
};

}  // namespace selfconnect
