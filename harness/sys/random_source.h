// A seeded source of random numbers that gives the same numbers with every compiler and library, unlike
// std::uniform_int_distribution. For policies, models, schedules and simulation; not for secrets.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace selfconnect {

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return mix(state_ += kGamma); }

  // 0 <= result < bound. The bias is below bound / 2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  // The generator's finalizer, which is a fair hash of 64 bits.
  static std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
  }

 private:
  static constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15;
  std::uint64_t state_;
};

}  // namespace selfconnect
