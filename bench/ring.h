// Dialling through io_uring, in batches: one system call for 64 attempts, the sockets in the ring's own table (direct
// descriptors), the calls of one attempt linked.
// SPDX-License-Identifier: MIT
#pragma once

#include <liburing.h>

#include <cstdint>

#include "bench/dialling_parts.h"

namespace selfconnect::bench {

// For the thread that makes it. Aborts where there is no io_uring (Linux 6.1): see ring_works().
class Ring {
 public:
  explicit Ring(const Loop& loop);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  void dial(std::uint64_t attempts, Meter& meter);

 private:
  static constexpr unsigned kBatch = 64;  // attempts

  io_uring_sqe* next(std::uint64_t what);
  void open(unsigned slot);
  void connect(unsigned slot, const sockaddr* to, socklen_t length, std::uint64_t what);
  void close(unsigned slot);
  void link_last() { last_->flags |= IOSQE_IO_HARDLINK; }
  void silence_last() { last_->flags |= IOSQE_CQE_SKIP_SUCCESS; }

  void batch_refused();
  void batch_self();
  void wait(Meter& meter);

  const Loop& loop_;
  const Destination to_;
  io_uring ring_{};
  io_uring_sqe* last_ = nullptr;
  unsigned expected_ = 0;  // completions of what is in the air
};

// Whether this process may make one.
[[nodiscard]] bool ring_works();

}  // namespace selfconnect::bench
