// Simulation of linux-5.18: how many attempts a client makes until it is given one certain port. Leaps over stretches
// of the range in which nothing can happen, so that a first hit costs 1 us instead of 14,000 steps where few ports are
// reserved, with the same distribution: a unit test holds it against AllocatorModel.
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
  // `port` is a candidate of `ring`. The hash is changed every `attempts_per_period` attempts (at least 1), the first
  // of which is the client's first.
  FirstHits(const CandidateRing& ring, std::uint16_t port, std::uint64_t attempts_per_period,
            std::uint64_t seed);

  // Attempts until the port is given, itself included, for a client that starts anew.
  std::uint64_t next();

  // What the calls of next() have cost so far: attempts and leaps that were drawn one by one.
  [[nodiscard]] std::uint64_t draws() const { return draws_; }

 private:
  enum class Outcome : std::uint8_t { kHit, kOtherPort, kNoPort };
  struct Place {
    std::uint16_t skipped;  // reserved ports from there on
    std::uint16_t quiet;    // places from there on, itself included, that have a free port, not the target
    Outcome outcome;
  };

  // Where the next attempt starts after one from `place` that was given another port.
  std::size_t after(std::size_t place);
  [[nodiscard]] std::size_t largest_leap(std::size_t place, std::uint64_t attempts_left) const;

  std::uint64_t attempts_per_period_;
  RandomSource random_;
  std::vector<Place> places_;
  std::uint64_t draws_ = 0;
};

}  // namespace selfconnect
