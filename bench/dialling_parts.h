// What the loops of dialling.cc and ring.cc share: where to, what is kept of it, and the clock.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <ctime>

#include "bench/dialling.h"

namespace selfconnect::bench {

// The destination of the next attempt.
class Destination {
 public:
  explicit Destination(const Loop& loop);
  [[nodiscard]] const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t length() const { return length_; }
  [[nodiscard]] int family() const { return storage_.ss_family; }
  void advance();

 private:
  sockaddr_storage storage_{};
  socklen_t length_;
  std::uint32_t destinations_;
  std::uint32_t first_ = 0;  // IPv4, host byte order
  std::uint32_t turn_ = 0;
};

[[nodiscard]] std::uint64_t read_clock(clockid_t clock);  // ns

// Of an attempt that ended with 0 or an errno.
[[nodiscard]] std::uint64_t& count_of(Dialled& dialled, int error);

class Meter {
 public:
  explicit Meter(Dialled& dialled) : dialled_(dialled) {}
  void begin();
  void count(int error) {
    ++dialled_.attempts;
    ++count_of(dialled_, error);
  }
  // So many attempts took the time since the last call.
  void end_turn(std::uint64_t attempts);

 private:
  Dialled& dialled_;
  std::uint64_t before_ = 0;
};

}  // namespace selfconnect::bench
