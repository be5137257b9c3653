// The world of one trial: its engine, the source of its attempts, the command that dials in it. For the io_context's thread only.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "harness/check/recorder.h"
#include "harness/launch/process.h"
#include "harness/measure/attempt_source.h"
#include "harness/measure/call_source.h"
#include "harness/measure/measure.h"
#include "harness/peer/name_server.h"
#include "harness/ports/engine.h"
#include "harness/ports/notify_engine.h"
#include "harness/world/world.h"

namespace selfconnect {

class TrialWorld {
 public:
  // `ended` is called when the command has.
  static Result<std::unique_ptr<TrialWorld>> open(boost::asio::io_context& context, const World& world,
                                                  std::unique_ptr<Engine> engine,
                                                  const MeasureOptions& options, TrialTally& tally,
                                                  std::function<void()> ended);
  // In World::here(), by the calls that `engine` sees. Errors: somebody else has the port of `options.destination`.
  static Result<std::unique_ptr<TrialWorld>> open_at_hand(boost::asio::io_context& context,
                                                          const World& world,
                                                          std::unique_ptr<NotifyEngine> engine,
                                                          const MeasureOptions& options, TrialTally& tally,
                                                          std::function<void()> ended);
  TrialWorld(const TrialWorld&) = delete;
  TrialWorld& operator=(const TrialWorld&) = delete;

  // Starts the command, again if it has ended.
  Result<void> launch();
  [[nodiscard]] bool command_ended() const { return !command_ || command_->ended(); }
  [[nodiscard]] std::uint64_t launches() const { return launches_; }

  // Counts what has happened until now.
  void count();

  // Whether attempts that were called for before the trial was over may still come: of other threads.
  [[nodiscard]] bool has_outstanding() const { return attempts_->has_outstanding(tally_); }

  // Several times a second. Error: the policy was not kept.
  [[nodiscard]] Result<void> keep_up();

  // Whether the engine was asked for a port (Engine::was_asked()).
  [[nodiscard]] bool was_asked() const { return engine_->was_asked(); }

  [[nodiscard]] bool at_hand() const { return calls_ != nullptr; }
  // What the command dialled there, but was kept from.
  [[nodiscard]] std::optional<Endpoint> kept_from() const;

  // Ends the command and completes the figures.
  Trial close();
  // packets.pcap, where packets are kept: the first, the last, and every self-connection whole.
  [[nodiscard]] Result<void> save_packets(const std::filesystem::path& directory) const;

 private:
  TrialWorld(boost::asio::io_context& context, const World& world, std::unique_ptr<Engine> engine,
             const MeasureOptions& options, TrialTally& tally, std::function<void()> ended);
  Result<void> follow_policy();
  Result<void> force_the_other_kind();
  Result<void> keep_packets();

  boost::asio::io_context& context_;
  const World& world_;
  const MeasureOptions& options_;
  TrialTally& tally_;
  std::function<void()> ended_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<NameServer> names_;
  std::unique_ptr<AttemptSource> attempts_;
  const CallSource* calls_ = nullptr;  // the same, at hand
  std::unique_ptr<Recorder> packets_;  // only where packets are kept
  std::unique_ptr<Process> command_;
  std::uint64_t launches_ = 0;
  Allocator forced_ = Allocator::kConnect;
  std::uint64_t hits_ = 0, misses_ = 0;  // when that was last seen to be right, or changed
};

}  // namespace selfconnect
