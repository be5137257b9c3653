// In place of the engine, where libFuzzer was not found at build time.
// SPDX-License-Identifier: MIT
#include <cstdlib>

#include "harness/campaign/fuzz_engine.h"

namespace selfconnect {

bool has_fuzz_engine() { return false; }

FuzzCounters fuzz_counters() { return {}; }

void run_fuzz_engine(const EngineOptions& /*options*/,
                     const std::function<bool(std::string_view)>& /*test*/) {
  std::abort();  // has_fuzz_engine() was not asked
}

}  // namespace selfconnect
