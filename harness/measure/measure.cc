// SPDX-License-Identifier: MIT
#include "harness/measure/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <random>

#include "harness/check/interrupts.h"
#include "harness/check/pulse.h"
#include "harness/launch/inherited.h"
#include "harness/measure/trial_world.h"
#include "harness/ports/port_sequence.h"
#include "harness/sys/kernel_release.h"
#include "harness/sys/random_source.h"
#include "harness/world/graveyard.h"

namespace selfconnect {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kLook = 20ms;                // between looks into the ring
constexpr auto kProgress = 100ms;           // between reports of progress
constexpr auto kFirstAttempt = 10s;         // for a command to dial at all
constexpr std::uint64_t kIdleLaunches = 3;  // a command that ends without dialling is launched no oftener

// With `sequential` the ports are known in advance, and with them the attempt that is given the destination's own.
std::optional<std::uint64_t> stated_attempt(const MeasureOptions& options) {
  const auto ports = port_cycle(options.policy, options.open);
  const auto found = std::ranges::find(ports, options.destination.port);
  if (found == ports.end()) return std::nullopt;
  return static_cast<std::uint64_t>(found - ports.begin()) + 1;
}

class Measurer {
 public:
  using Clock = std::chrono::steady_clock;
  template <class T>
  using Outcome = std::expected<T, MeasureFailure>;

  Measurer(asio::io_context& context, const MeasureOptions& options, MeasureObserver& observer)
      : context_(context),
        options_(options),
        observer_(observer),
        pulse_(context),
        waits_(options.seed),
        addresses_(options.seed) {
    found_.command = options.command;
    found_.policy = options.policy;
    found_.kernel = kernel_release();
    found_.seed = options.seed;
    found_.range = options.open.range_text();
    found_.stated = stated_attempt(options);
    found_.one_walk =
        options.trials > 1 && options.policy.kind == PolicyKind::kKernel && !options.own_addresses;
  }

  asio::awaitable<Outcome<void>> run() {
    while (trial_ <= options_.trials && !found_.interrupted) {
      if (auto done = co_await one(); !done) co_return done;
      ++trial_;
    }
    found_.waits = waits_.summary();
    co_return Outcome<void>{};
  }

  void interrupt() {
    found_.interrupted = true;
    pulse_.beat();
  }

  [[nodiscard]] const Measurement& found() const { return found_; }

 private:
  static std::unexpected<MeasureFailure> cannot(const Error& error) {
    return std::unexpected(MeasureFailure{.cannot_force = true, .reason = error.message});
  }
  static std::unexpected<MeasureFailure> failed(std::string reason) {
    return std::unexpected(MeasureFailure{.cannot_force = false, .reason = std::move(reason)});
  }

  Outcome<std::unique_ptr<Engine>> engine_for(const World& world) {
    if (!engine_) {
      auto chosen = choose(world);
      if (!chosen) return cannot(chosen.error());
      engine_ = std::move(*chosen);
      found_.engine = engine_name(engine_->choice);
      found_.engine_reason = engine_->reason;
      found_.isolation = isolation_name(world.isolation());
    }
    auto engine = make_engine(engine_->choice, world);
    if (!engine) return cannot(engine.error());
    return std::move(*engine);
  }

  // `range` knows two policies only; for the others an engine that binds is needed.
  Result<BestEngine> choose(const World& world) const {
    const bool range_can =
        options_.policy.kind == PolicyKind::kKernel || options_.policy.kind == PolicyKind::kForce;
    return choose_engine(options_.engine, world, range_can ? EngineChoice::kRange : EngineChoice::kHook);
  }

  void report(const TrialTally& tally) {
    const auto now = Clock::now();
    if (reported_ && now - *reported_ < kProgress) return;
    reported_ = now;
    observer_.progress({.trial = trial_,
                        .trials = options_.trials,
                        .attempts = tally.counts().attempts,
                        .hits = tally.counts().hits,
                        .elapsed = tally.elapsed()});
  }

  // Past its duration also where the command is silent and no SYN says so.
  [[nodiscard]] bool over(const TrialTally& tally, const std::optional<Clock::time_point>& first) const {
    if (found_.interrupted || tally.complete()) return true;
    return options_.limits.duration && first && Clock::now() - *first > *options_.limits.duration;
  }

  // A walk of its own for each trial. The first follows the policy to the letter, where that has a seed.
  [[nodiscard]] std::uint64_t policy_seed() const {
    if (options_.policy.seed != 0 && trial_ == 1) return options_.policy.seed;
    return RandomSource::mix((options_.policy.seed != 0 ? options_.policy.seed : options_.seed) + trial_);
  }

  // Addresses are drawn from the seed; 127.0.0.0/16 is left to the user.
  [[nodiscard]] MeasureOptions options_of_trial() {
    MeasureOptions options = options_;
    if (options.policy.kind == PolicyKind::kRandom || is_model(options.policy.kind)) {
      options.policy.seed = policy_seed();
    }
    if (options.own_addresses && trial_ > 1) {
      std::uniform_int_distribution<unsigned> byte(1, 254);
      const auto draw = [&] { return static_cast<std::uint8_t>(byte(addresses_)); };
      options.destination.address = Address::v4({127, draw(), draw(), draw()});
    }
    return options;
  }

  asio::awaitable<Outcome<void>> one() {
    auto made = worlds_.make();
    if (!made) {
      co_return cannot(
          error(fmt::format("no world of its own can be made for the client here ({}); `selfconnect doctor` "
                            "says why",
                            made.error().message)));
    }
    const auto world = graveyard_.keep(std::move(*made));
    auto engine = engine_for(*world);
    if (!engine) co_return std::unexpected(engine.error());
    const MeasureOptions options = options_of_trial();
    if (options.destination != options_.destination) {
      if (auto added = world->add_local_address(options.destination.address); !added)
        co_return cannot(added.error());
    }
    TrialTally tally(options.limits, waits_);
    auto trial =
        TrialWorld::open(context_, *world, std::move(*engine), options, tally, [this] { pulse_.beat(); });
    if (!trial) co_return cannot(trial.error());
    if (auto dialled = co_await dial(**trial, tally); !dialled) co_return dialled;
    keep((*trial)->close(), tally);
    if (const auto elsewhere = dials_elsewhere(tally); elsewhere && !found_.interrupted)
      co_return failed(*elsewhere);
    if (auto saved = (*trial)->save_packets(options_.out / fmt::format("trial-{}", trial_)); !saved)
      co_return failed(saved.error().message);
    co_return Outcome<void>{};
  }

  asio::awaitable<Outcome<void>> dial(TrialWorld& trial, TrialTally& tally) {
    const auto start = Clock::now();
    std::optional<Clock::time_point> first;
    while (!over(tally, first)) {
      if (trial.command_ended()) {
        trial.count();
        if (over(tally, first)) break;
        if (tally.counts().attempts == 0 && trial.launches() >= kIdleLaunches) co_return dials_nothing();
        if (auto launched = trial.launch(); !launched) co_return failed(launched.error().message);
      }
      co_await pulse_.until([&] { return found_.interrupted || trial.command_ended(); },
                            Clock::now() + kLook);
      trial.count();
      if (auto kept_up = trial.keep_up(); !kept_up) co_return failed(kept_up.error().message);
      if (!first && tally.first_at()) first = Clock::now();
      if (!first && Clock::now() - start > kFirstAttempt) co_return dials_nothing();
      report(tally);
    }
    co_return Outcome<void>{};
  }

  std::unexpected<MeasureFailure> dials_nothing() const {
    return failed(
        fmt::format("the command dialled nothing over TCP: expected it to dial {}; try {{port}} in its "
                    "arguments, or --port",
                    options_.destination.text()));
  }

  // Policy, layout and figures are for the port that was named: of another they say nothing.
  [[nodiscard]] std::optional<std::string> dials_elsewhere(const TrialTally& tally) const {
    const auto& dialled = tally.destinations();
    const std::uint16_t port = options_.destination.port;
    if (dialled.empty() ||
        std::ranges::any_of(dialled, [&](const auto& one) { return one.first.port == port; }))
      return std::nullopt;
    const Endpoint& other = most_dialled(tally);
    return fmt::format("the command never dialled port {}; it dialled {}: give --port {}", port, other.text(),
                       other.port);
  }

  static const Endpoint& most_dialled(const TrialTally& tally) {
    return std::ranges::max_element(tally.destinations(), {}, [](const auto& one) { return one.second; })
        ->first;
  }

  void keep(Trial trial, const TrialTally& tally) {
    found_.counts += trial.counts;
    found_.elapsed += trial.elapsed;
    found_.trials.push_back(std::move(trial));
    if (!tally.destinations().empty()) found_.destination = most_dialled(tally);
  }

  asio::io_context& context_;
  const MeasureOptions& options_;
  MeasureObserver& observer_;
  Pulse pulse_;
  WorldMaker worlds_;
  Graveyard graveyard_;
  WaitSample waits_;
  Measurement found_;
  std::mt19937_64 addresses_;
  std::optional<BestEngine> engine_;
  std::optional<Clock::time_point> reported_;
  std::uint64_t trial_ = 1;
};

}  // namespace

std::expected<Measurement, MeasureFailure> measure(const MeasureOptions& options, MeasureObserver& observer) {
  mend_inherited();
  asio::io_context context(1);
  Measurer measurer(context, options, observer);
  Interrupts interrupts(context, [&] { measurer.interrupt(); });
  std::expected<void, MeasureFailure> outcome;
  asio::co_spawn(context, measurer.run(),
                 [&](const std::exception_ptr& thrown, std::expected<void, MeasureFailure> returned) {
                   interrupts.ignore();
                   outcome = std::move(returned);
                   if (thrown) std::rethrow_exception(thrown);
                 });
  context.run();
  if (!outcome) return std::unexpected(outcome.error());
  return measurer.found();
}

}  // namespace selfconnect
