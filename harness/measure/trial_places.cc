// SPDX-License-Identifier: MIT
#include "harness/measure/trial_places.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "harness/measure/at_hand.h"
#include "harness/ports/notify_engine.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

Result<TrialPlace> TrialPlaces::open(std::uint64_t trial) {
  auto options = std::make_unique<const MeasureOptions>(options_of(trial));
  auto made = worlds_.make();
  if (!made) return open_at_hand(std::move(options), made.error());
  auto world = graveyard_.keep(std::move(*made));
  auto engine = engine_for(*world);
  if (!engine) return std::unexpected(engine.error());
  if (needs_local_address(options->destination.address)) {
    if (auto added = world->add_local_address(options->destination.address); !added)
      return std::unexpected(added.error());
  }
  auto tally = tally_for(*options);
  auto opened = TrialWorld::open(context_, *world, std::move(*engine), *options, *tally, ended_);
  if (!opened) return std::unexpected(opened.error());
  return TrialPlace{std::move(options), std::move(world), std::move(tally), std::move(*opened)};
}

Result<TrialPlace> TrialPlaces::open_at_hand(std::unique_ptr<const MeasureOptions> options,
                                             const Error& denied) {
  auto best = choose_engine_at_hand(options->engine, denied);
  if (!best) {
    return std::unexpected(
        error(fmt::format("no world of its own can be made for the client here ({}); `selfconnect doctor` "
                          "says why",
                          denied.message)));
  }
  if (const auto why = why_not_at_hand(*options)) return std::unexpected(error(*why));
  auto here = World::here();
  if (!here) return std::unexpected(here.error());
  auto world = graveyard_.keep(std::move(*here));
  auto engine = make_notify_engine(*world);
  if (!engine) return std::unexpected(engine.error().during("engine notify"));
  engine_ = std::move(*best);
  auto tally = tally_for(*options);
  auto opened = TrialWorld::open_at_hand(context_, *world, std::move(*engine), *options, *tally, ended_);
  if (!opened) return std::unexpected(opened.error());
  return TrialPlace{std::move(options), std::move(world), std::move(tally), std::move(*opened)};
}

Result<std::unique_ptr<Engine>> TrialPlaces::engine_for(const World& world) {
  if (!engine_) {
    auto chosen = choose(world);
    if (!chosen) return std::unexpected(chosen.error());
    engine_ = std::move(*chosen);
  }
  return make_engine(engine_->choice, world);
}

// `range` knows two policies only. Where the kernel chooses, `hook` leaves sockets alone too, and knows which calls got
// no port.
Result<BestEngine> TrialPlaces::choose(const World& world) const {
  static constexpr std::array kKnowsMost = {EngineChoice::kHook, EngineChoice::kRange, EngineChoice::kNotify};
  static constexpr std::array kThatBind = {EngineChoice::kHook, EngineChoice::kNotify};
  switch (options_.policy.kind) {
    case PolicyKind::kKernel:
      return choose_engine(options_.engine, world, kKnowsMost);
    case PolicyKind::kForce:
      return choose_engine(options_.engine, world);
    default:
      return choose_engine(options_.engine, world, kThatBind);
  }
}

PortsBy TrialPlaces::ports_by() const {
  const PolicyKind kind = options_.policy.kind;
  const bool by_kernel =
      kind == PolicyKind::kKernel || (kind == PolicyKind::kForce && engine_->choice == EngineChoice::kRange);
  return by_kernel ? PortsBy::kKernel : PortsBy::kEngine;
}

// A walk of its own for each trial: the first follows the policy to the letter, where that has a seed. Addresses are drawn from the
// seed; 127.0.0.0/16 is left to the user.
MeasureOptions TrialPlaces::options_of(std::uint64_t trial) {
  MeasureOptions options = options_;
  if (options.policy.kind == PolicyKind::kRandom || is_model(options.policy.kind)) {
    const auto& given = options_.policy.seed;
    options.policy.seed =
        given && trial == 1 ? *given : RandomSource::mix(given.value_or(options_.seed) + trial);
  }
  if (options.own_addresses && trial > 1) {
    std::uniform_int_distribution<unsigned> byte(1, 254);
    const auto draw = [&] { return static_cast<std::uint8_t>(byte(addresses_)); };
    options.destination.address = Address::v4({127, draw(), draw(), draw()});
  }
  return options;
}

std::unique_ptr<TrialTally> TrialPlaces::tally_for(const MeasureOptions& options) const {
  return std::make_unique<TrialTally>(options.limits, options.destination.port, ports_by(), waits_);
}

}  // namespace selfconnect
