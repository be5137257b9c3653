// How often and how soon a client that keeps dialling one local port connects to itself, worked out from the model of
// an allocator (allocator_model.h). Pure. The client is alone: no other connection takes a port or moves a hint, and
// nothing but the destination is dialled. It makes its attempts evenly spaced.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/ports/layout.h"
#include "harness/ports/policy.h"

namespace selfconnect {

// Whether the port can be handed out while any other candidate is free.
enum class Chance {
  kPossible,
  kOutOfRange,
  kReserved,
  kOtherParity,   // Linux since 4.2: only once every candidate is in use
  kOddRangeLast,  // Linux since 4.2: an odd range loses its last port
  kLowest,        // FreeBSD: the lowest port follows on the highest, when that is in use
};

struct PredictionQuestion {
  PolicyKind model = PolicyKind::kLinux5_18;
  PortLayout layout;
  std::uint16_t port = 0;
  double attempts_per_second =
      0;  // 0: unknown. linux-5.18 is then taken to be dialled less often than each 10 s.
  std::vector<double> until = {0.5, 0.99};  // probabilities, each above 0 and below 1
};

// After this many attempts the client has connected to itself with this probability.
struct AttemptsUntil {
  double probability = 0;
  double attempts = 0;

  bool operator==(const AttemptsUntil&) const = default;
};

enum class Method {
  kClosedForm,
  kSimulation,  // kSimulatedHits first hits, with a fixed seed
};
inline constexpr std::size_t kSimulatedHits = 200'000;

struct Prediction {
  Chance chance = Chance::kPossible;
  std::size_t candidates = 0;  // ports that are handed out while all are free; 0: every port is reserved
  Method method = Method::kClosedForm;
  // Only where it is possible. In the long run: one attempt in 1 / per_attempt.
  double per_attempt = 0;
  double expected_attempts = 0;  // until the first self-connect, itself included
  std::vector<AttemptsUntil> until;
};

// Closed forms, of m places a scan may start at and c of them leading to the port (1, and more after reserved ports):
//   linux-2.6, linux-4.2, macos   the walk comes by in turn: uniform over 1 to m, mean (m + 1) / 2; counted exactly
//                                 where ports are reserved
//   freebsd                       every attempt anew: geometric, c / m
//   linux-5.18                    a attempts in ten seconds, no port twice among them while 8 a <= m: hit in each ten
//                                 seconds with a c / m. With reserved ports only for a <= 1. Else simulation.
[[nodiscard]] Prediction predict(const PredictionQuestion& question);

// The ports that can come up, while one of them is free.
[[nodiscard]] std::size_t candidates_of(const PredictionQuestion& question);

// The first part of the answer alone.
[[nodiscard]] Chance chance_of(const PredictionQuestion& question);

}  // namespace selfconnect
