// SPDX-License-Identifier: MIT
#include "bench/pairs.h"

#include <fmt/format.h>

#include "bench/dialling_parts.h"
#include "harness/ports/world_ports.h"

namespace selfconnect::bench {

namespace {

Seconds per_attempt(std::uint64_t nanoseconds, const Dialled& dialled) {
  return std::chrono::nanoseconds(nanoseconds) / static_cast<double>(dialled.attempts);
}

// Attempts whose outcome was another one. The kernel passes over a port that has just become free once in some two million
// attempts (seen over IPv6, a socket of a ring that is dialled again).
constexpr std::uint64_t kAttemptsPerStray = 10'000;

std::uint64_t strays(const Loop& loop, const Dialled& dialled) {
  return dialled.attempts - (loop.outcome == Loop::Outcome::kSelf ? dialled.hits : dialled.refused);
}

// The first one is no sign yet.
bool as_expected(std::uint64_t strays, std::uint64_t attempts) {
  return strays <= 1 + attempts / kAttemptsPerStray;
}

std::string what_came(const Dialled& dialled) {
  return fmt::format("not as expected: of {} attempts {} hit, {} were refused, {} got no port, {} failed",
                     dialled.attempts, dialled.hits, dialled.refused, dialled.no_port, dialled.failed);
}

void report(benchmark::State& state, const Dialled& all) {
  const double seconds = static_cast<double>(all.wall_ns) / 1e9;
  state.counters["attempts/s"] = static_cast<double>(all.attempts) / seconds;
  state.counters["self/s"] = static_cast<double>(all.hits) / seconds;
  state.counters["no_port"] = static_cast<double>(all.no_port) / static_cast<double>(all.attempts);
  for (const auto& [name, share] :
       {std::pair{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p999_us", 0.999}}) {
    state.counters[name] = static_cast<double>(all.latencies.percentile(share)) / 1e3;
  }
}

struct Turn {
  Dialled dialled;
  std::uint64_t harness_ns = 0;  // CPU time that the harness itself spent meanwhile
};

Result<Turn> dial(const Dialler& dialler) {
  const std::uint64_t before = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  auto dialled = dialler.dial(kAttempts);
  if (!dialled) return std::unexpected(dialled.error());
  return Turn{*dialled, read_clock(CLOCK_PROCESS_CPUTIME_ID) - before};
}

}  // namespace

Endpoint loopback(Family family, std::uint16_t port) { return {Address::loopback(family), port}; }

void run_pairs(benchmark::State& state, const Dialler& bare, const Dialler& ours, const Loop& loop, Must must,
               const std::function<void()>& between) {
  Comparison wall, cpu, loop_cpu;
  Dialled all;
  std::uint64_t stray = 0, attempts = 0;
  bool ours_first = false;
  for (auto _ : state) {
    ours_first = !ours_first;
    const auto first = dial(ours_first ? ours : bare);
    const auto second = dial(ours_first ? bare : ours);
    if (!ok(state, first) || !ok(state, second)) return;
    const auto& [one, one_harness] = ours_first ? *first : *second;
    const auto& [other, other_harness] = ours_first ? *second : *first;
    for (const Dialled& dialled : {one, other}) {
      stray += strays(loop, dialled);
      attempts += dialled.attempts;
      if (must == Must::kBeAsExpected && !as_expected(stray, attempts))
        return state.SkipWithError(what_came(dialled).c_str());
    }
    wall.add(per_attempt(one.wall_ns, one), per_attempt(other.wall_ns, other));
    loop_cpu.add(per_attempt(one.cpu_ns, one), per_attempt(other.cpu_ns, other));
    cpu.add(per_attempt(one.cpu_ns + one_harness, one), per_attempt(other.cpu_ns + other_harness, other));
    all += one;
    between();
    state.SetIterationTime(static_cast<double>(one.wall_ns) / 1e9);
  }
  wall.report(state, "", Comparison::Unit::kMicroseconds);
  cpu.report_ratio(state, "cpu_");
  loop_cpu.report_ratio(state, "loop_cpu_");
  report(state, all);
  if (must == Must::kBeAsExpected) state.counters["stray"] = static_cast<double>(stray);
}

Result<World> make_world(const PortLayout& layout) {
  auto world = World::create();
  if (!world) return world;
  if (auto set = set_port_layout(*world, layout); !set) return std::unexpected(set.error());
  return world;
}

Loop bare_of(const Loop& loop) {
  const bool self = loop.outcome == Loop::Outcome::kSelf;
  return {.way = Loop::Way::kBare,
          .socket = Loop::Socket::kFresh,
          .close = self ? Loop::Close::kReset : Loop::Close::kFin,
          .outcome = loop.outcome,
          .destination = loop.destination};
}

PortLayout layout_for(const Loop& loop) {
  if (loop.outcome == Loop::Outcome::kRefused) return {};
  return {.low = loop.destination.port,
          .high = static_cast<std::uint16_t>(loop.destination.port + 1),
          .reserved = {}};
}

Result<Reference> Reference::start(const Loop& loop) {
  auto world = make_world(layout_for(loop));
  if (!world) return std::unexpected(world.error());
  auto kept = std::make_unique<World>(std::move(*world));
  auto dialler = Dialler::start({kept.get()}, bare_of(loop));
  if (!dialler) return std::unexpected(dialler.error());
  return Reference(std::move(kept), std::move(*dialler));
}

}  // namespace selfconnect::bench
