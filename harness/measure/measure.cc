// SPDX-License-Identifier: MIT
#include "harness/measure/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "harness/check/interrupts.h"
#include "harness/check/pulse.h"
#include "harness/launch/inherited.h"
#include "harness/measure/at_hand.h"
#include "harness/measure/dialled.h"
#include "harness/measure/saved_trials.h"
#include "harness/measure/trial_places.h"
#include "harness/ports/port_sequence.h"
#include "harness/sys/kernel_release.h"

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
      : options_(options),
        observer_(observer),
        pulse_(context),
        waits_(options.seed),
        places_(context, options, waits_, [this] { pulse_.beat(); }) {
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

  asio::awaitable<Outcome<void>> one() {
    auto place = places_.open(trial_);
    if (!place) co_return cannot(place.error());
    found_.engine = engine_name(places_.engine().choice);
    found_.engine_reason = places_.engine().reason;
    found_.isolation = isolation_name(place->world->isolation());
    TrialWorld& trial = *place->trial;
    TrialTally& tally = *place->tally;
    const Endpoint& named = place->options->destination;
    if (auto dialled = co_await dial(trial, tally, named); !dialled) co_return dialled;
    Trial ended = trial.close();
    if (auto meant = is_what_was_meant(trial, tally, named); !meant) {
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

  const MeasureOptions& options_;
  MeasureObserver& observer_;
  Pulse pulse_;
  WaitSample waits_;
  TrialPlaces places_;
  Measurement found_;
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
