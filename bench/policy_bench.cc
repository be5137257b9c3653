// Each policy under each engine: a blocking loop under the engine against the bare loop in a plain world. `force`
// connects each attempt to itself; all others are refused. And the least that any engine of the kind of `notify` costs.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>

#include "bench/bare_supervisor.h"
#include "bench/pairs.h"
#include "bench/suites.h"
#include "harness/ports/engine_choice.h"
#include "harness/ports/hook_engine.h"
#include "harness/ports/notify_engine.h"
#include "harness/ports/world_ports.h"

namespace selfconnect::bench {

namespace {

Loop loop_for(const Policy& policy) {
  const bool self = policy.kind == PolicyKind::kForce;
  return {.close = self ? Loop::Close::kReset : Loop::Close::kFin,
          .outcome = self ? Loop::Outcome::kSelf : Loop::Outcome::kRefused,
          .destination = loopback(Family::kIpv4, self ? kSelfPort : kRefusedPort)};
}

using MakeEngine = Result<std::unique_ptr<Engine>> (*)(const World& world);

Result<std::unique_ptr<Engine>> range(const World& world) { return make_engine(EngineChoice::kRange, world); }
Result<std::unique_ptr<Engine>> hook(const World& world) { return make_engine(EngineChoice::kHook, world); }
// The two ways in which notify comes by a socket.
Result<std::unique_ptr<Engine>> notify(const World& world) {
  return NotifyEngine::create(SocketAccess::kTake, NotifySupervisor::Reach::kAnywhere, &world);
}
Result<std::unique_ptr<Engine>> notify_made(const World& world) {
  return NotifyEngine::create(SocketAccess::kMake, NotifySupervisor::Reach::kAnywhere, &world);
}

// As a measurement does: what nobody takes costs less once there is no room left.
void take_events(Engine& engine) {
  if (auto* hook = dynamic_cast<HookEngine*>(&engine)) (void)hook->take_events();
  if (auto* notify = dynamic_cast<NotifyEngine*>(&engine)) (void)notify->take_events();
}

void dial_by_policy(benchmark::State& state, MakeEngine make, const Policy& policy) {
  const OneCore pinned;
  const Loop loop = loop_for(policy);
  const auto reference = Reference::start(loop);
  if (!ok(state, reference)) return;
  const PortLayout open;
  const auto world = make_world(open);
  if (!ok(state, world)) return;
  const auto engine = make(*world);
  if (!ok(state, engine)) return;
  if (!ok(state, (*engine)->follow(policy, {.open = open, .never = {}, .destination = loop.destination})))
    return;
  const auto dialler = Dialler::start({&*world}, loop, (*engine)->confinement());
  if (!ok(state, dialler)) return;
  run_pairs(state, reference->dialler(), *dialler, loop, Must::kBeAsExpected, [&] { take_events(**engine); });
}

void dial_under_a_bare_supervisor(benchmark::State& state, BareSupervisor::Does does) {
  const OneCore pinned;
  const Loop loop = loop_for(Policy::kernel());
  const auto reference = Reference::start(loop);
  if (!ok(state, reference)) return;
  const auto world = make_world({});
  if (!ok(state, world)) return;
  const auto supervisor = BareSupervisor::start(does);
  if (!ok(state, supervisor)) return;
  const auto dialler = Dialler::start({&*world}, loop, (*supervisor)->confinement());
  if (!ok(state, dialler)) return;
  run_pairs(state, reference->dialler(), *dialler, loop);
  if ((*supervisor)->failed()) state.SkipWithError("the bare supervisor could not bind a socket");
}

void add(const std::string& engine, MakeEngine make, const Policy& policy) {
  const std::string name = fmt::format("engine/{}/{}", engine, policy_name(policy.kind));
  benchmark::RegisterBenchmark(name.c_str(), dial_by_policy, make, policy)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void register_policies() {
  const std::array policies{Policy::kernel(),
                            Policy::force(),
                            Policy::sequential(10'000, 60'000),
                            Policy::random(7),
                            Policy{.kind = PolicyKind::kLinux2_6},
                            Policy{.kind = PolicyKind::kLinux4_2},
                            Policy{.kind = PolicyKind::kLinux5_18},
                            Policy{.kind = PolicyKind::kFreebsd},
                            Policy{.kind = PolicyKind::kMacos}};
  for (const Policy& policy : policies) {
    if (policy.kind == PolicyKind::kKernel || policy.kind == PolicyKind::kForce) add("range", range, policy);
    add("hook", hook, policy);
    add("notify", notify, policy);
  }
  add("notify_made", notify_made, Policy::sequential(10'000, 60'000));
  for (const auto& [name, does] : {std::pair("engine/notify_floor/answer", BareSupervisor::Does::kAnswer),
                                   std::pair("engine/notify_floor/bind", BareSupervisor::Does::kBind)}) {
    benchmark::RegisterBenchmark(name, dial_under_a_bare_supervisor, does)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace selfconnect::bench
