// libFuzzer's engine (LLVM, "libFuzzer", Using libFuzzer as a library): it keeps the corpus, picks an input, has it mutated
// as a schedule, and learns from counters what was new. One per process, for it has global state.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace selfconnect {

struct EngineOptions {
  std::filesystem::path corpus;      // read, written, and read again each second for what other workers found
  std::uint32_t seed = 1;            // not 0
  std::uint64_t most_attempts = 64;  // of a schedule that is made up
};

// False: it was not there when this program was built. Then run_fuzz_engine must not be called.
[[nodiscard]] bool has_fuzz_engine();

// The feedback: cleared before each input. `edges` is of the target's own code, where it was built for that.
struct FuzzCounters {
  std::span<std::uint8_t> behaviour;
  std::span<std::uint8_t> edges;
};
[[nodiscard]] FuzzCounters fuzz_counters();

inline constexpr std::size_t kBehaviourCounters = 1 << 15;
inline constexpr std::size_t kEdgeCounters = 1 << 16;

// Calls `test` for each input: true where it was worth keeping, if it showed something new. Ends by exit(3).
[[noreturn]] void run_fuzz_engine(const EngineOptions& options,
                                  const std::function<bool(std::string_view input)>& test);

}  // namespace selfconnect
