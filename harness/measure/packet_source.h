// The attempts of a world as its packets show them.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "harness/measure/attempt_source.h"
#include "harness/measure/made_calls.h"
#include "harness/measure/open_calls.h"
#include "harness/ports/engine.h"
#include "harness/sys/error.h"
#include "harness/trace/syn_ring.h"
#include "harness/trace/tcp_counters.h"
#include "harness/world/world.h"

namespace selfconnect {

class PacketSource : public AttemptSource {
 public:
  // From now on. `engine` is asked for its calls, those to `destination` are counted; it and `world` must outlive this.
  static Result<std::unique_ptr<PacketSource>> open(const World& world, Engine& engine,
                                                    const Endpoint& destination);

  void drain(TrialTally& tally) override;
  [[nodiscard]] bool has_outstanding(const TrialTally& tally) const override;
  // Refused: by the kernel's counters of the world. Exhausted: calls that led to no SYN.
  void complete(const TrialTally& tally, Time ended, Trial& trial) override;

 private:
  PacketSource(Engine& engine, const Endpoint& destination, Time start, SynRing ring, TcpCounterFile counters,
               const TcpCounters& at_start)
      : engine_(engine),
        destination_(reached_by(destination)),
        start_(start),
        ring_(std::move(ring)),
        counters_(std::move(counters)),
        at_start_(at_start) {}

  [[nodiscard]] Time last_syn(const TrialTally& tally) const;
  std::vector<Engine::Call> take_calls();
  void add(const Syn& syn, TrialTally& tally);
  void count_calls(const TrialTally& tally, Time syns_read);

  Engine& engine_;
  Endpoint destination_;
  Time start_;
  SynRing ring_;
  TcpCounterFile counters_;
  TcpCounters at_start_;
  bool knows_calls_ = true;
  OpenCalls open_;
  std::uint64_t calls_ = 0;  // to the destination
  std::vector<Engine::Call> uncounted_;
  MadeCalls made_;          // to it, within the trial's limits
  std::uint64_t late_ = 0;  // SYNs of those, which came after the limit: of other threads
};

}  // namespace selfconnect
