// How long attempts took, in a fixed number of classes, none of them wider than a 32nd of its value: small enough to
// send from process to process, cheap enough to fill in a loop of a few microseconds. A value; pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace selfconnect::bench {

class Latencies {
 public:
  void add(std::uint64_t nanoseconds, std::uint64_t times = 1) {
    counts_[class_of(nanoseconds)] += times;
    total_ += times;
  }

  Latencies& operator+=(const Latencies& other) {
    for (std::size_t i = 0; i < kClasses; ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
    return *this;
  }

  // The smallest value that `share` of all do not exceed, but for the width of its class; 0 where there is none.
  [[nodiscard]] std::uint64_t percentile(double share) const {
    const auto wanted = static_cast<double>(total_) * share;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kClasses; ++i) {
      seen += counts_[i];
      if (counts_[i] > 0 && static_cast<double>(seen) >= wanted) return highest_of(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;  // of the value that are kept, below the first
  static constexpr std::size_t kPerOctave = std::size_t{1} << kBits;
  static constexpr unsigned kOctaves = 35;  // to half a minute; what is longer is counted there
  static constexpr std::size_t kClasses = kPerOctave * (kOctaves - kBits + 1);

  static std::size_t class_of(std::uint64_t value) {
    if (value < kPerOctave) return value;
    const unsigned octave = static_cast<unsigned>(std::bit_width(value)) - kBits;
    if (octave > kOctaves - kBits) return kClasses - 1;
    return kPerOctave * octave + ((value >> (octave - 1)) - kPerOctave);
  }

  static std::uint64_t highest_of(std::size_t i) {
    if (i < kPerOctave) return i;
    const std::size_t octave = i / kPerOctave;
    return ((kPerOctave + i % kPerOctave + 1) << (octave - 1)) - 1;
  }

  std::array<std::uint32_t, kClasses> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace selfconnect::bench
