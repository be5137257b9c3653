// Where the trials of a measurement run: for each a fresh world, or the network at hand where none can be made, the engine that
// works there, and what is its own of the options (seed and address). For the io_context's thread only.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "harness/measure/measure.h"
#include "harness/measure/trial_tally.h"
#include "harness/measure/trial_world.h"
#include "harness/ports/engine.h"
#include "harness/ports/engine_choice.h"
#include "harness/sys/error.h"
#include "harness/world/graveyard.h"
#include "harness/world/world.h"

namespace selfconnect {

// Of one trial. Each stands on those before it.
struct TrialPlace {
  std::unique_ptr<const MeasureOptions> options;
  Graveyard::Kept world;
  std::unique_ptr<TrialTally> tally;
  std::unique_ptr<TrialWorld> trial;
};

class TrialPlaces {
 public:
  // `ended` is called when a trial's command has. Outlives the places.
  TrialPlaces(boost::asio::io_context& context, const MeasureOptions& options, WaitSample& waits,
              std::function<void()> ended)
      : context_(context),
        options_(options),
        waits_(waits),
        ended_(std::move(ended)),
        addresses_(options.seed) {}

  // Of the trials 1, 2, ... in their order. Errors: this machine cannot do what was asked for.
  [[nodiscard]] Result<TrialPlace> open(std::uint64_t trial);

  // That of the place that was opened last.
  [[nodiscard]] const BestEngine& engine() const { return *engine_; }

 private:
  Result<TrialPlace> open_at_hand(std::unique_ptr<const MeasureOptions> options, const Error& denied);
  Result<std::unique_ptr<Engine>> engine_for(const World& world);
  [[nodiscard]] Result<BestEngine> choose(const World& world) const;
  [[nodiscard]] PortsBy ports_by() const;
  [[nodiscard]] MeasureOptions options_of(std::uint64_t trial);
  [[nodiscard]] std::unique_ptr<TrialTally> tally_for(const MeasureOptions& options) const;

  boost::asio::io_context& context_;
  const MeasureOptions& options_;
  WaitSample& waits_;
  std::function<void()> ended_;
  WorldMaker worlds_;
  Graveyard graveyard_;
  std::mt19937_64 addresses_;
  std::optional<BestEngine> engine_;
};

}  // namespace selfconnect
