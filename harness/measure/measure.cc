// SPDX-License-Identifier: MIT
#include "harness/measure/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <random>

#include "harness/check/interrupts.h"
#include "harness/check/pulse.h"
#include "harness/launch/inherited.h"
#include "harness/measure/at_hand.h"
#include "harness/measure/dialled.h"
#include "harness/measure/saved_trials.h"
#include "harness/measure/trial_world.h"
#include "harness/ports/notify_engine.h"
#include "harness/ports/port_sequence.h"
#include "harness/sys/kernel_release.h"
#include "harness/sys/random_source.h"
#include "harness/world/graveyard.h"

namespace selfconnect {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto kLook = 20ms;          // between looks into the ring
constexpr auto kProgress = 100ms;     // between reports of progress
constexpr auto kOutstanding = 500ms;  // for SYNs of other threads, after the one that ends a trial
constexpr auto kElsewhere = 2s;       // for a command that dials to dial what was named, before that is said
constexpr std::uint64_t kIdleLaunches = 3;  // a command that ends without dialling is launched no oftener

// With `sequential` the ports are known in advance, and with them the attempt that is given the destination's own.
std::optional<std::uint64_t> stated_attempt(const MeasureOptions& options) {
  const auto ports = port_cycle(options.policy, options.open);
  const auto found = std::ranges::find(ports, options.destination.port);
  if (found == ports.end()) return std::nullopt;
  return static_cast<std::uint64_t>(found - ports.begin()) + 1;
}

// When a trial's first attempt was seen, and that a limit was reached.
struct DialTimes {
  std::optional<std::chrono::steady_clock::time_point> first, over;
};

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
    found_.limits = options.limits;
    found_.range = options.open.range_text();
    found_.port = options.destination.port;
    found_.stated = stated_attempt(options);
    found_.one_walk =
        options.trials > 1 && options.policy.kind == PolicyKind::kKernel && !options.own_addresses;
  }

  asio::awaitable<Outcome<void>> run() {
    while (trial_ <= options_.trials && !found_.interrupted) {
      if (auto done = co_await one(); !done) {
        if (found_.trials.empty()) co_return done;
        found_.failure = done.error().reason;
        break;
      }
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
      tell(std::move(*chosen), world);
    }
    auto engine = make_engine(engine_->choice, world);
    if (!engine) return cannot(engine.error());
    return std::move(*engine);
  }

  void tell(BestEngine engine, const World& world) {
    engine_ = std::move(engine);
    found_.engine = engine_name(engine_->choice);
    found_.engine_reason = engine_->reason;
    found_.isolation = isolation_name(world.isolation());
  }

  [[nodiscard]] PortsBy ports_by() const {
    const PolicyKind kind = options_.policy.kind;
    const bool by_kernel = kind == PolicyKind::kKernel ||
                           (kind == PolicyKind::kForce && engine_->choice == EngineChoice::kRange);
    return by_kernel ? PortsBy::kKernel : PortsBy::kEngine;
  }

  // `range` knows two policies only. Where the kernel chooses, `hook` leaves sockets alone too, and knows which calls got
  // no port.
  Result<BestEngine> choose(const World& world) const {
    static constexpr std::array kKnowsMost = {EngineChoice::kHook, EngineChoice::kRange,
                                              EngineChoice::kNotify};
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
  [[nodiscard]] bool over(const TrialWorld& trial, const TrialTally& tally, const DialTimes& times) const {
    const auto now = Clock::now();
    if (found_.interrupted) return true;
    if (tally.is_over())
      return !trial.has_outstanding() || trial.command_ended() ||
             now - times.over.value_or(now) > kOutstanding;
    return options_.limits.duration && times.first && now - *times.first > *options_.limits.duration;
  }

  // A walk of its own for each trial. The first follows the policy to the letter, where that has a seed.
  [[nodiscard]] std::uint64_t policy_seed() const {
    const auto& given = options_.policy.seed;
    return given && trial_ == 1 ? *given : RandomSource::mix(given.value_or(options_.seed) + trial_);
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
    const MeasureOptions options = options_of_trial();
    auto place = open(options);
    if (!place) co_return std::unexpected(place.error());
    TrialWorld& trial = *place->trial;
    TrialTally& tally = *place->tally;
    if (auto dialled = co_await dial(trial, tally, options.destination); !dialled) co_return dialled;
    Trial ended = trial.close();
    if (auto meant = is_what_was_meant(trial, tally, options.destination); !meant) {
      if (!found_.interrupted) co_return meant;
      observer_.note(meant.error().reason);
    }
    keep(std::move(ended), tally);
    if (!options_.out.empty()) {
      if (trial_ == 1) forget_trials(options_.out);
      if (auto saved = trial.save_packets(trial_directory(options_.out, trial_)); !saved)
        co_return failed(saved.error().message);
    }
    co_return Outcome<void>{};
  }

  // Of one trial.
  struct Place {
    Graveyard::Kept world;
    std::unique_ptr<TrialTally> tally;
    std::unique_ptr<TrialWorld> trial;
  };

  Outcome<Place> open(const MeasureOptions& options) {
    auto made = worlds_.make();
    if (!made) return open_at_hand(options, made.error());
    auto world = graveyard_.keep(std::move(*made));
    auto engine = engine_for(*world);
    if (!engine) return std::unexpected(engine.error());
    if (needs_local_address(options.destination.address)) {
      if (auto added = world->add_local_address(options.destination.address); !added)
        return cannot(added.error());
    }
    auto tally = std::make_unique<TrialTally>(options.limits, options.destination.port, ports_by(), waits_);
    auto trial =
        TrialWorld::open(context_, *world, std::move(*engine), options, *tally, [this] { pulse_.beat(); });
    if (!trial) return cannot(trial.error());
    return Place{std::move(world), std::move(tally), std::move(*trial)};
  }

  Outcome<Place> open_at_hand(const MeasureOptions& options, const Error& denied) {
    auto best = choose_engine_at_hand(options.engine, denied);
    if (!best) {
      return cannot(
          error(fmt::format("no world of its own can be made for the client here ({}); `selfconnect doctor` "
                            "says why",
                            denied.message)));
    }
    if (const auto why = why_not_at_hand(options)) return cannot(error(*why));
    auto here = World::here();
    if (!here) return cannot(here.error());
    auto world = graveyard_.keep(std::move(*here));
    auto engine = make_notify_engine(*world);
    if (!engine) return cannot(engine.error().during("engine notify"));
    tell(std::move(*best), *world);
    auto tally = std::make_unique<TrialTally>(options.limits, options.destination.port, ports_by(), waits_);
    auto trial = TrialWorld::open_at_hand(context_, *world, std::move(*engine), options, *tally,
                                          [this] { pulse_.beat(); });
    if (!trial) return cannot(trial.error());
    return Place{std::move(world), std::move(tally), std::move(*trial)};
  }

  asio::awaitable<Outcome<void>> dial(TrialWorld& trial, TrialTally& tally, const Endpoint& named) {
    const auto start = Clock::now();
    DialTimes times;
    const auto look = [&] {
      trial.count();
      if (!times.first && tally.first_at()) times.first = Clock::now();
      if (!times.over && tally.is_over()) times.over = Clock::now();
    };
    while (!over(trial, tally, times)) {
      if (trial.command_ended()) {
        look();
        if (over(trial, tally, times)) break;
        if (tally.counts().attempts == 0 && trial.launches() >= kIdleLaunches) co_return dials_nothing(trial);
        if (auto launched = trial.launch(); !launched) co_return failed(launched.error().message);
      }
      co_await pulse_.until([&] { return found_.interrupted || trial.command_ended(); },
                            Clock::now() + kLook);
      look();
      if (auto kept_up = trial.keep_up(); !kept_up) co_return failed(kept_up.error().message);
      if (!times.first && Clock::now() - start > options_.first_attempt) co_return dials_nothing(trial);
      if (times.first && Clock::now() - *times.first > kElsewhere) note_elsewhere(named, tally);
      report(tally);
    }
    co_return Outcome<void>{};
  }

  // Whether the figures say something of the destination that was named.
  Outcome<void> is_what_was_meant(const TrialWorld& trial, const TrialTally& tally,
                                  const Endpoint& named) const {
    if (tally.counts().attempts == 0) return {};
    if (trial.at_hand() && never_dials_the_loopback(tally))
      return cannot(error(cannot_hit_at_hand(*most_dialled(tally))));
    if (const auto elsewhere = dials_elsewhere(named, tally)) return failed(*elsewhere);
    if (options_.policy.kind == PolicyKind::kKernel || trial.was_asked()) return {};
    return cannot(error(fmt::format(
        "the command dials past the engine {}, as programs do through io_uring: use --engine hook",
        found_.engine)));
  }

  // At once, and not only when the trial is over: it may take long.
  void note_elsewhere(const Endpoint& named, const TrialTally& tally) {
    if (has_noted_) return;
    has_noted_ = true;
    if (const auto elsewhere = dials_elsewhere(named, tally)) observer_.note("so far " + *elsewhere);
  }

  std::unexpected<MeasureFailure> dials_nothing(const TrialWorld& trial) const {
    if (const auto kept_from = trial.kept_from()) {
      return cannot(error(cannot_hit_at_hand(*kept_from)));
    }
    return failed(
        fmt::format("the command dialled nothing over TCP{}: expected it to dial {}; try {{port}} in its "
                    "arguments, or --port",
                    trial.at_hand() ? " that the engine notify sees (io_uring it does not)" : "",
                    options_.destination.text()));
  }

  void keep(Trial trial, const TrialTally& tally) {
    if (!trial.end && !found_.interrupted) trial.end = TrialEnd::kDuration;
    found_.counts = found_.trials.empty() ? trial.counts : found_.counts + trial.counts;
    found_.elapsed += trial.elapsed;
    found_.trials.push_back(std::move(trial));
    if (!found_.destination) found_.destination = most_dialled(tally, options_.destination.port);
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
  bool has_noted_ = false;
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
