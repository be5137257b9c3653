// The attempts of a world as its packets show them.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "harness/measure/attempt_source.h"
#include "harness/sys/error.h"
#include "harness/trace/tcp_counters.h"
#include "harness/world/world.h"

namespace selfconnect {

class PacketSource : public AttemptSource {
 public:
  // From now on; `world` must outlive it.
  static Result<std::unique_ptr<PacketSource>> open(const World& world);

  void drain(const std::function<void(const Syn&)>& take) override { ring_.drain(take); }
  // Refused: by the kernel's counters of the world.
  void complete(Trial& trial) override;

 private:
  PacketSource(SynRing ring, TcpCounterFile counters, const TcpCounters& at_start)
      : ring_(std::move(ring)), counters_(std::move(counters)), at_start_(at_start) {}

  SynRing ring_;
  TcpCounterFile counters_;
  TcpCounters at_start_;
};

}  // namespace selfconnect
