// One whole `check`: from its options to the run and what the rules say about it. Used by the command and by
// test suites that check a client from within.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "harness/check/options.h"
#include "harness/judge/verdict.h"
#include "harness/net/endpoint.h"
#include "harness/trace/trace.h"

namespace selfconnect {

struct CheckResult {
  Run run;
  Judgement judgement;
};

// How far a phase is.
struct PhaseProgress {
  std::uint64_t attempts = 0;
  std::uint64_t self_connects = 0;
  std::chrono::nanoseconds elapsed{};   // since the phase began
  std::chrono::nanoseconds deadline{};  // the longest it may take, from its beginning
};

// Hears of a run while it goes on, on the thread that called check().
class CheckObserver {
 public:
  virtual ~CheckObserver() = default;
  // `index` is from 1; `expected` is how many phases there will be, as far as is known by now.
  virtual void phase_started(Phase /*phase*/, std::optional<Endpoint> /*destination*/, int /*index*/,
                             int /*expected*/) {}
  virtual void progress(const PhaseProgress& /*progress*/) {}
  virtual void phase_ended(const Trace& /*trace*/) {}
};

// Whether the commands are there. The error says which is not.
Result<void> can_start(const CheckOptions& options);

// Never fails: what goes wrong is the judgement's verdict (skip or error) and reason. Saves into
// `options.out`.
CheckResult check(const CheckOptions& options, CheckObserver& observer);

}  // namespace selfconnect
