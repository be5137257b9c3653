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
  kOddRangeLast,  // Linux since 4.2: the last port of an odd range, while the port two below is free
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
  kRecurrence,  // exact: the probabilities of one ten-second period, attempt by attempt
  kSimulation,  // of first hits, with a fixed seed
};
inline constexpr std::size_t kSimulatedHits = 200'000;  // fewer where each of them is costly

struct Prediction {
  Chance chance = Chance::kPossible;
  std::size_t candidates = 0;  // ports that are handed out while all are free; 0: every port is reserved
  Method method = Method::kClosedForm;
  std::size_t simulated_hits = 0;  // 0 without a simulation
  // Only where it is possible. In the long run one attempt in 1 / per_attempt, of a client that goes on dialling
  // whatever it is given. 0: once, if at all.
  double per_attempt = 0;
  // Until the first self-connect, itself included. Infinite, some of `until` as well: from some places where it may
  // start, the walk of linux-4.2 never comes to the port (odd ranges with reserved ports only).
  double expected_attempts = 0;
  std::vector<AttemptsUntil> until;
};

// Of m places a scan may start at, c of which lead to the port (1, and more after reserved ports), in closed form:
//   linux-2.6, linux-4.2, macos   the walk comes by in turn: uniform over 1 to m, mean (m + 1) / 2; counted exactly
//                                 where ports are reserved
//   freebsd                       every attempt anew: geometric, c / m
//   linux-5.18                    a attempts in ten seconds: for a = 1 geometric, c / m. Where no port is reserved, and
//                                 8 a <= m, none comes up twice among them: hit in each ten seconds with a / m
// Else by recurrence over the attempts of one period, for these are independent, as far as that takes less than 0.1 s:
// a <= 10,000 in the default range. Else by simulation.
[[nodiscard]] Prediction predict(const PredictionQuestion& question);

// Whether any port that can come up has the same prediction as any other.
[[nodiscard]] bool are_all_alike(const PredictionQuestion& question);

// The first part of a prediction alone.
[[nodiscard]] Chance chance_of(const PredictionQuestion& question);

}  // namespace selfconnect
