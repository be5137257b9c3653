// The times between a client's attempts: quantiles of all of them, and the backoff that its first ones show. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace selfconnect {

// How waits grow: each is `factor` times the one before, give or take.
struct BackoffFit {
  double factor = 1;  // 1: constant
  double jitter = 0;  // largest deviation from the fitted wait, as a share of it
};

struct Waits {
  std::uint64_t count = 0;
  std::chrono::nanoseconds p50{}, p90{}, p99{}, p999{}, max{};
  std::optional<BackoffFit> backoff;  // none: too few waits, or no rule to be seen in them
};

inline constexpr std::size_t kFewestForBackoff = 3;

// From consecutive waits, the first ones of a launch, by least squares on their logarithms: a line, or one that rises and then a
// level (a cap), where that is far nearer (an F-test, 99.9 %); the line is the backoff. Constant, where it may as well be (a t-test
// of the slope, 95 %). None where a wait is more than half off the fitted one.
[[nodiscard]] std::optional<BackoffFit> fit_backoff(std::span<const std::chrono::nanoseconds> waits);

// A sample of bounded size, of which each value seen is a member with the same chance (Vitter's algorithm R): exact up to
// `limit` values, and with the exact maximum always.
class WaitSample {
 public:
  explicit WaitSample(std::uint64_t seed, std::size_t limit = 1U << 17) : random_(seed), limit_(limit) {}

  void add(std::chrono::nanoseconds wait);
  // The backoff is read from the first launch that has kFewestForBackoff such waits, of one destination.
  void launched();
  void add_to_backoff(std::chrono::nanoseconds wait);
  [[nodiscard]] Waits summary() const;

 private:
  static constexpr std::size_t kFirst = 64;  // what the backoff is read from

  std::mt19937_64 random_;
  std::size_t limit_;
  std::uint64_t count_ = 0;
  std::chrono::nanoseconds max_{};
  std::vector<std::chrono::nanoseconds> sample_;
  std::vector<std::chrono::nanoseconds> first_;
  bool has_launch_ = false;  // whose waits `first_` has
};

}  // namespace selfconnect
