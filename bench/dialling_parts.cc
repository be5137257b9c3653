// SPDX-License-Identifier: MIT
#include "bench/dialling_parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>

namespace selfconnect::bench {

std::uint64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

Destination::Destination(const Loop& loop)
    : length_(loop.destination.to_sockaddr(storage_)), destinations_(loop.destinations) {
  first_ = ntohl(reinterpret_cast<const sockaddr_in&>(storage_).sin_addr.s_addr);
}

void Destination::advance() {
  if (destinations_ == 1) return;
  turn_ = (turn_ + 1) % destinations_;
  reinterpret_cast<sockaddr_in&>(storage_).sin_addr.s_addr = htonl(first_ + turn_);
}

std::uint64_t& count_of(Dialled& dialled, int error) {
  switch (error) {
    case 0:
      return dialled.hits;
    case ECONNREFUSED:
      return dialled.refused;
    case EADDRNOTAVAIL:
      return dialled.no_port;
    default:
      return dialled.failed;
  }
}

void Meter::end_turn(std::uint64_t attempts) {
  const std::uint64_t time = read_clock(CLOCK_MONOTONIC);
  dialled_.latencies.add((time - before_) / attempts, attempts);
  before_ = time;
}

void Meter::begin() { before_ = read_clock(CLOCK_MONOTONIC); }

}  // namespace selfconnect::bench
