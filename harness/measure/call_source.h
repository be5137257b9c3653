// The attempts as the engine `notify` saw the calls, in World::here(), where nobody may capture.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "harness/measure/attempt_source.h"
#include "harness/net/endpoint.h"
#include "harness/ports/notify_engine.h"

namespace selfconnect {

class CallSource : public AttemptSource {
 public:
  // From now on; `engine` must outlive it.
  explicit CallSource(NotifyEngine& engine) : engine_(engine) { engine.forget_attempts(); }

  void drain(TrialTally& tally) override;
  [[nodiscard]] bool has_outstanding(const TrialTally& /*tally*/) const override { return false; }
  // How a self-connection ended, and with it what holds the port, is seen by nobody.
  void complete(const TrialTally& tally, Time ended, Trial& trial) override;

  // An address that is not loopback, which the client dialled and was kept from (NotifySupervisor::Reach).
  [[nodiscard]] const std::optional<Endpoint>& kept_from() const { return kept_from_; }

 private:
  std::optional<Syn> syn_of(const NotifyEvent& event);

  NotifyEngine& engine_;
  Time start_ = std::chrono::steady_clock::now();
  std::uint32_t sequence_ = 0;
  std::uint64_t refused_ = 0, exhausted_ = 0, passed_over_ = 0;
  std::optional<Endpoint> kept_from_;
};

}  // namespace selfconnect
