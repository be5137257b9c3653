// Bytes in the order in which they came.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace selfconnect::vnet {

class ByteQueue {
 public:
  [[nodiscard]] std::size_t size() const { return bytes_.size() - first_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::string_view view() const { return std::string_view(bytes_).substr(first_); }
  void push(std::string_view bytes) { bytes_.append(bytes); }
  void pop(std::size_t count) {
    first_ += count;
    if (first_ == bytes_.size()) clear();
    // Keeps what has been read from taking more room than what has not.
    if (first_ > bytes_.size() / 2 && first_ > kMuch) {
      bytes_.erase(0, first_);
      first_ = 0;
    }
  }
  void clear() {
    bytes_.clear();
    first_ = 0;
  }

 private:
  static constexpr std::size_t kMuch = 4096;
  std::string bytes_;
  std::size_t first_ = 0;
};

}  // namespace selfconnect::vnet
