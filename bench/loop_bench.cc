// The connect loops against the bare one of the same family and outcome, with no engine and no recorder.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/pairs.h"
#include "bench/ring.h"
#include "bench/suites.h"

namespace selfconnect::bench {

namespace {

using enum Loop::Way;
using enum Loop::Socket;

std::string name_of(const Loop& loop) {
  const bool self = loop.outcome == Loop::Outcome::kSelf;
  const bool closes = self && loop.socket == kFresh;
  return fmt::format("loop/{}/{}{}/{}", loop.text(), self ? "self" : "refused",
                     !closes                           ? ""
                     : loop.close == Loop::Close::kFin ? "/fin"
                                                       : "/rst",
                     loop.destination.address.family() == Family::kIpv4 ? "ipv4" : "ipv6");
}

void dial_loop(benchmark::State& state, const Loop& loop) {
  const OneCore pinned;
  if (loop.way == kRing && !ring_works()) return state.SkipWithError("no io_uring here");
  const auto reference = Reference::start(loop);
  if (!ok(state, reference)) return;
  const auto world = make_world(layout_for(loop));
  if (!ok(state, world)) return;
  const auto dialler = Dialler::start({&*world}, loop);
  if (!ok(state, dialler)) return;
  run_pairs(state, reference->dialler(), *dialler, loop);
}

benchmark::internal::Benchmark* add(const Loop& loop) {
  return benchmark::RegisterBenchmark(name_of(loop).c_str(), dial_loop, loop)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

Loop to(Family family, Loop::Outcome outcome, Loop loop) {
  const bool self = outcome == Loop::Outcome::kSelf;
  loop.outcome = outcome;
  loop.close = self ? Loop::Close::kReset : Loop::Close::kFin;
  loop.destination = loopback(family, self ? kSelfPort : kRefusedPort);
  return loop;
}

// By FIN, to one address after the other: each leaves its pair of address and port in TIME_WAIT for a minute, so their
// number is fixed.
void add_closed_by_fin() {
  constexpr int kTurns = 100;
  Loop loop{.way = kBlocking, .close = Loop::Close::kFin, .outcome = Loop::Outcome::kSelf};
  loop.destination = {Address::v4({10, 0, 0, 0}), kSelfPort};
  loop.destinations = 1U << 20U;
  add(loop)->Iterations(kTurns);
}

}  // namespace

void register_loops() {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    for (const auto outcome : {Loop::Outcome::kRefused, Loop::Outcome::kSelf}) {
      for (const auto way : {kBlocking, kEpoll, kRing}) {
        for (const auto socket : {kFresh, kSame}) add(to(family, outcome, {.way = way, .socket = socket}));
      }
    }
  }
  add_closed_by_fin();
}

}  // namespace selfconnect::bench
