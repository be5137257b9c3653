// SPDX-License-Identifier: MIT
#include "bench/ring.h"

#include <cstdio>
#include <cstdlib>

namespace selfconnect::bench {

namespace {

constexpr unsigned kEntries = 512;  // four for each attempt of a batch, at most
constexpr sockaddr kUnspecified{.sa_family = AF_UNSPEC, .sa_data = {}};

// What a completion is of.
constexpr std::uint64_t kAttempt = 1;
constexpr std::uint64_t kOther = 0;

// Completions are worked off when they are waited for, and only then (Linux 6.1).
int open_ring(io_uring& ring) {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  return io_uring_queue_init_params(kEntries, &ring, &parameters);
}

void require(int result, const char* call) {
  if (result >= 0) return;
  errno = -result;
  std::perror(call);
  std::abort();
}

}  // namespace

bool ring_works() {
  io_uring ring{};
  if (open_ring(ring) < 0) return false;
  io_uring_queue_exit(&ring);
  return true;
}

Ring::Ring(const Loop& loop) : loop_(loop), to_(loop) {
  require(open_ring(ring_), "io_uring_setup");
  require(io_uring_register_files_sparse(&ring_, kBatch), "io_uring_register");
  if (loop_.socket == Loop::Socket::kFresh) return;
  for (unsigned slot = 0; slot < kBatch; ++slot) open(slot);
  io_uring_submit(&ring_);
}

Ring::~Ring() { io_uring_queue_exit(&ring_); }

io_uring_sqe* Ring::next(std::uint64_t what) {
  last_ = io_uring_get_sqe(&ring_);
  last_->user_data = what;
  return last_;
}

void Ring::open(unsigned slot) {
  io_uring_prep_socket_direct(next(kOther), to_.family(), SOCK_STREAM, 0, slot, 0);
  last_->user_data = kOther;
  silence_last();
}

void Ring::connect(unsigned slot, const sockaddr* to, socklen_t length, std::uint64_t what) {
  io_uring_prep_connect(next(what), static_cast<int>(slot), to, length);
  last_->user_data = what;
  last_->flags |= IOSQE_FIXED_FILE;
}

void Ring::close(unsigned slot) {
  io_uring_prep_close_direct(next(kOther), slot);
  last_->user_data = kOther;
}

void Ring::batch_refused() {
  const bool fresh = loop_.socket == Loop::Socket::kFresh;
  for (unsigned slot = 0; slot < kBatch; ++slot) {
    if (fresh) {
      open(slot);
      link_last();
    }
    connect(slot, to_.address(), to_.length(), kAttempt);
    if (fresh) {
      link_last();
      close(slot);
    }
  }
  // A close that is not waited for would close the next batch's socket.
  expected_ = fresh ? 2 * kBatch : kBatch;
}

void Ring::batch_self() {
  const bool fresh = loop_.socket == Loop::Socket::kFresh;
  for (unsigned i = 0; i < kBatch; ++i) {
    if (fresh) {
      open(0);
      link_last();
    }
    connect(0, to_.address(), to_.length(), kAttempt);
    link_last();
    connect(0, &kUnspecified, sizeof kUnspecified, kOther);  // the connection is reset
    if (fresh) {
      silence_last();
      link_last();
      close(0);
    }
    if (i + 1 < kBatch) {
      silence_last();
      link_last();
    }
  }
  expected_ = kBatch + 1;
}

void Ring::wait(Meter& meter) {
  io_uring_submit_and_wait(&ring_, expected_);
  while (expected_ > 0) {
    io_uring_cqe* done = nullptr;
    require(io_uring_wait_cqe(&ring_, &done), "io_uring_enter");
    if (done->user_data == kAttempt) meter.count(-done->res);
    --expected_;
    io_uring_cqe_seen(&ring_, done);
  }
}

void Ring::dial(std::uint64_t attempts, Meter& meter) {
  for (std::uint64_t done = 0; done < attempts; done += kBatch) {
    if (loop_.outcome == Loop::Outcome::kSelf)
      batch_self();
    else
      batch_refused();
    wait(meter);
    meter.end_turn(kBatch);
  }
}

}  // namespace selfconnect::bench
