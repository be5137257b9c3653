// The port policy: who gets which source port, as a value with one text form. Used by every engine, by
// `measure` and `predict`. What a policy hands out, attempt after attempt, is in port_sequence.h.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/sys/error.h"

namespace selfconnect {

enum class PolicyKind {
  kForce,       // "force": the destination's own port, whenever it is free
  kSequential,  // "sequential:FIRST-LAST": FIRST, FIRST+1 ... LAST, and again from FIRST
  kRandom,      // "random:SEED": each port of the range equally likely, every time anew
  kKernel,      // "kernel": hands off, the running kernel chooses
  // Models of named allocators, with an optional seed, "linux-5.18:7"; see allocator_model.h.
  kLinux2_6,
  kLinux4_2,
  kLinux5_18,
  kFreebsd,
  kMacos,
};

// Fields that a kind does not use are 0, so that equal policies compare equal.
struct Policy {
  PolicyKind kind = PolicyKind::kKernel;
  std::uint16_t first = 0;  // kSequential: 1 <= first <= last
  std::uint16_t last = 0;
  std::optional<std::uint64_t> seed{};  // kRandom, and the models if wanted

  static Policy force() { return {.kind = PolicyKind::kForce}; }
  static Policy kernel() { return {}; }
  static Policy random(std::uint64_t seed) { return {.kind = PolicyKind::kRandom, .seed = seed}; }
  static Policy sequential(std::uint16_t first, std::uint16_t last = 65535) {
    return {.kind = PolicyKind::kSequential, .first = first, .last = last};
  }

  // What parse_policy reads: parse_policy(p.text()) == p.
  [[nodiscard]] std::string text() const;

  bool operator==(const Policy&) const = default;
};

// "force", "sequential:50001-50020", "sequential:50001" (to 65535), "random:7", "kernel", "linux-5.18",
// "linux-5.18:7". The error is one clear line that names what would do.
[[nodiscard]] Result<Policy> parse_policy(std::string_view text);

// Whether the policy is the model of a named kernel.
[[nodiscard]] bool is_model(PolicyKind kind);

// "force", "linux-5.18": the text form without its parameters.
[[nodiscard]] std::string_view policy_name(PolicyKind kind);

}  // namespace selfconnect
