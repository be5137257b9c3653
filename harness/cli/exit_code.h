// The exit codes of the command, which are part of its contract.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/judge/finding.h"

namespace selfconnect {

inline constexpr int kExitPass = 0;
inline constexpr int kExitFail = 1;
inline constexpr int kExitError = 2;
inline constexpr int kExitUsage = 64;  // EX_USAGE of sysexits(3)
inline constexpr int kExitSkip = 77;   // as Automake and Meson have it

[[nodiscard]] constexpr int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return kExitPass;
    case Verdict::kFail:
      return kExitFail;
    case Verdict::kSkip:
      return kExitSkip;
    case Verdict::kError:
      return kExitError;
  }
  return kExitError;
}

}  // namespace selfconnect
