// A bounded record of a stream of output: its first and its last bytes, and how many there were.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace selfconnect {

class OutputBuffer {
 public:
  explicit OutputBuffer(std::size_t head_limit = kLimit, std::size_t tail_limit = kLimit)
      : head_limit_(head_limit), tail_limit_(tail_limit) {}

  void append(std::string_view bytes);

  [[nodiscard]] const std::string& head() const { return head_; }
  [[nodiscard]] std::string tail() const;  // what follows the head, or the end of it
  [[nodiscard]] std::uint64_t total() const { return total_; }

  static constexpr std::size_t kLimit = 128 * 1024;

 private:
  std::size_t head_limit_;
  std::size_t tail_limit_;
  std::string head_;
  std::string recent_;  // at most twice tail_limit_
  std::uint64_t total_ = 0;
};

}  // namespace selfconnect
