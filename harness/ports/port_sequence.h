// What a policy hands out, attempt after attempt, computed in user space: for engines that bind the socket
// themselves, and for simulation. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/allocator_model.h"
#include "harness/ports/layout.h"
#include "harness/ports/policy.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

// One sequence is shared by all destinations of a world: with `sequential`, attempt k of the world gets the
// k-th port whatever it dials. For one thread at a time.
class PortSequence {
 public:
  // `open`: the range and the reserved ports of the world; `sequential` keeps to its own range, but no policy
  // hands out a reserved port, except `force`, which the user asked for by name. None ever hands out one of `never`.
  PortSequence(const Policy& policy, const PortLayout& open, std::set<std::uint16_t> never = {});

  // The port for the next attempt; nullopt: hands off, the kernel chooses (policy `kernel`, or no port left). `elapsed`:
  // since the first attempt, never less than before; with each kReseedPeriod of it linux-5.18 begins elsewhere.
  std::optional<std::uint16_t> next(const Endpoint& destination, std::chrono::nanoseconds elapsed = {});

 private:
  Policy policy_;
  std::set<std::uint16_t> never_;
  std::vector<std::uint16_t> ports_;  // kSequential and kRandom: what may be handed out
  std::size_t cursor_ = 0;            // kSequential: the next of them
  RandomSource random_;
  std::optional<AllocatorModel> model_;
  std::int64_t periods_ = 0;  // of kReseedPeriod that are over
};

// All ports that `sequential` hands out, in order; then it begins again. For engines that keep the table
// elsewhere (a BPF map). Empty for every other policy.
[[nodiscard]] std::vector<std::uint16_t> port_cycle(const Policy& policy, const PortLayout& open,
                                                    const std::set<std::uint16_t>& never = {});

}  // namespace selfconnect
