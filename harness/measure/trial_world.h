// The world of one trial: its engine, the ring that counts its SYNs, the command that dials in it. For the io_context's
// thread only.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "harness/check/recorder.h"
#include "harness/launch/process.h"
#include "harness/measure/measure.h"
#include "harness/peer/name_server.h"
#include "harness/ports/engine.h"
#include "harness/trace/syn_ring.h"
#include "harness/trace/tcp_counters.h"
#include "harness/world/world.h"

namespace selfconnect {

class TrialWorld {
 public:
  // `ended` is called when the command has.
  static Result<std::unique_ptr<TrialWorld>> open(boost::asio::io_context& context, const World& world,
                                                  std::unique_ptr<Engine> engine,
                                                  const MeasureOptions& options, TrialTally& tally,
                                                  std::function<void()> ended);
  TrialWorld(const TrialWorld&) = delete;
  TrialWorld& operator=(const TrialWorld&) = delete;

  // Starts the command, again if it has ended.
  Result<void> launch();
  [[nodiscard]] bool command_ended() const { return !command_ || command_->ended(); }
  [[nodiscard]] std::uint64_t launches() const { return launches_; }

  // Counts what is in the ring now.
  void count();

  // Several times a second. Error: the policy was not kept.
  [[nodiscard]] Result<void> keep_up() { return engine_->keep_up(); }

  // Ends the command and completes the figures.
  Trial close();
  // packets.pcap, where packets are kept: the first, the last, and every self-connection whole.
  [[nodiscard]] Result<void> save_packets(const std::filesystem::path& directory) const;

 private:
  TrialWorld(boost::asio::io_context& context, const World& world, std::unique_ptr<Engine> engine,
             const MeasureOptions& options, TrialTally& tally, std::function<void()> ended);
  Result<void> record();

  boost::asio::io_context& context_;
  const World& world_;
  const MeasureOptions& options_;
  TrialTally& tally_;
  std::function<void()> ended_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<NameServer> names_;
  std::optional<SynRing> ring_;
  std::optional<TcpCounterFile> counter_file_;
  TcpCounters counters_at_start_;
  std::unique_ptr<Recorder> packets_;  // only where packets are kept
  std::unique_ptr<Process> command_;
  std::uint64_t launches_ = 0;
};

}  // namespace selfconnect
