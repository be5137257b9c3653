// What a range of few ports makes of a loop that dials its first one: self-connects, refusals in between, and attempts
// that get no port.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/pairs.h"
#include "bench/suites.h"

namespace selfconnect::bench {

namespace {

// The reference is refused, in the default range.
void dial_range(benchmark::State& state, std::uint16_t ports, Loop loop) {
  const OneCore pinned;
  const PortLayout open;
  const PortLayout layout{
      .low = kSelfPort, .high = static_cast<std::uint16_t>(kSelfPort + ports - 1), .reserved = {}};
  const auto world = make_world(ports == 0 ? open : layout);
  if (!ok(state, world)) return;
  loop.destination = loopback(Family::kIpv4, kSelfPort);
  const auto reference = Reference::start({.destination = loopback(Family::kIpv4, kRefusedPort)});
  if (!ok(state, reference)) return;
  const auto dialler = Dialler::start({&*world}, loop);
  if (!ok(state, dialler)) return;
  run_pairs(state, reference->dialler(), *dialler, loop, Must::kBeAnything);
}

}  // namespace

void register_ranges() {
  // 0: the kernel's default.
  for (const std::uint16_t ports : {1, 2, 64, 0}) {
    for (const auto close : {Loop::Close::kReset, Loop::Close::kFin}) {
      const std::string name = fmt::format("range/{}/{}", ports == 0 ? "default" : std::to_string(ports),
                                           close == Loop::Close::kFin ? "fin" : "rst");
      benchmark::RegisterBenchmark(name.c_str(), dial_range, ports, Loop{.close = close})
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace selfconnect::bench
