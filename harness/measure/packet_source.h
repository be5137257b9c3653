// The attempts of a world as its packets show them.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "harness/measure/attempt_source.h"
#include "harness/ports/engine.h"
#include "harness/sys/error.h"
#include "harness/trace/syn_ring.h"
#include "harness/trace/tcp_counters.h"
#include "harness/world/world.h"

namespace selfconnect {

class PacketSource : public AttemptSource {
 public:
  // From now on. `engine` is asked for its calls to `destination`; it and `world` must outlive this.
  static Result<std::unique_ptr<PacketSource>> open(const World& world, Engine& engine,
                                                    const Endpoint& destination);

  void drain(TrialTally& tally) override;
  // Refused: by the kernel's counters of the world. Exhausted: calls that led to no SYN.
  void complete(const TrialTally& tally, Trial& trial) override;

 private:
  PacketSource(Engine& engine, const Endpoint& destination, SynRing ring, TcpCounterFile counters,
               const TcpCounters& at_start)
      : engine_(engine),
        destination_(reached_by(destination)),
        ring_(std::move(ring)),
        counters_(std::move(counters)),
        at_start_(at_start) {}

  Engine& engine_;
  Endpoint destination_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  SynRing ring_;
  TcpCounterFile counters_;
  TcpCounters at_start_;
  std::optional<std::uint64_t> calls_ = 0;  // within the trial's limits
};

}  // namespace selfconnect
