// SPDX-License-Identifier: MIT
#include "harness/measure/trial_world.h"

#include <sys/socket.h>

#include <algorithm>

#include "harness/launch/command_line.h"
#include "harness/ports/world_ports.h"
#include "harness/trace/pcap_writer.h"

namespace selfconnect {

namespace asio = boost::asio;

TrialWorld::TrialWorld(asio::io_context& context, const World& world, std::unique_ptr<Engine> engine,
                       const MeasureOptions& options, TrialTally& tally, std::function<void()> ended)
    : context_(context),
      world_(world),
      options_(options),
      tally_(tally),
      ended_(std::move(ended)),
      engine_(std::move(engine)) {}

Result<std::unique_ptr<TrialWorld>> TrialWorld::open(asio::io_context& context, const World& world,
                                                     std::unique_ptr<Engine> engine,
                                                     const MeasureOptions& options, TrialTally& tally,
                                                     std::function<void()> ended) {
  std::unique_ptr<TrialWorld> trial(
      new TrialWorld(context, world, std::move(engine), options, tally, std::move(ended)));
  // The policy before the recorder: what an engine tries out is no attempt of the command's.
  if (auto set = set_port_layout(world, options.open); !set) return std::unexpected(set.error());
  const PolicyScope scope{.open = options.open, .never = {}, .destination = options.destination};
  if (auto followed = trial->engine_->follow(options.policy, scope); !followed)
    return std::unexpected(followed.error());
  if (auto names = NameServer::start(context, world)) trial->names_ = std::move(*names);
  if (auto recording = trial->record(); !recording) return std::unexpected(recording.error());
  return trial;
}

Result<void> TrialWorld::record() {
  auto socket = world_.socket(AF_PACKET, SOCK_DGRAM, 0);
  if (!socket) return std::unexpected(socket.error());
  auto ring = SynRing::open(std::move(*socket), std::chrono::steady_clock::now());
  if (!ring) return std::unexpected(ring.error());
  ring_ = std::move(*ring);
  auto counters = TcpCounterFile::open(world_.init_pid());
  if (!counters) return std::unexpected(counters.error());
  counter_file_ = std::move(*counters);
  auto at_start = counter_file_->read();
  if (!at_start) return std::unexpected(at_start.error());
  counters_at_start_ = *at_start;
  if (!options_.out.empty()) {
    auto packets = Recorder::start(context_, world_, {}, Recorder::Counters::kLeftOut, [] {});
    if (!packets) return std::unexpected(packets.error());
    packets_ = std::move(*packets);
  }
  return {};
}

void TrialWorld::count() {
  ring_->drain([this](const Syn& syn) { tally_.add(syn); });
}

Result<void> TrialWorld::launch() {
  command_.reset();
  const LaunchSpec spec{.command = fill_placeholders(options_.command, options_.destination),
                        .stdin_file = {},
                        .limits = {},
                        .network = Network::kNear,
                        .confinement = engine_->confinement()};
  tally_.launched();
  auto command = Process::launch(context_, world_, spec, ended_);
  if (!command) return std::unexpected(command.error());
  command_ = std::move(*command);
  ++launches_;
  return {};
}

Result<void> TrialWorld::save_packets(const std::filesystem::path& directory) const {
  if (!packets_) return {};
  packets_->drain();
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) return std::unexpected(errno_error("make directory " + directory.string(), ec.value()));
  return write_pcap(directory / "packets.pcap", packets_->packets(), packets_->flows().secret_ranges(),
                    packets_->flows().secret_patterns());
}

Trial TrialWorld::close() {
  command_.reset();
  count();
  Trial trial{.counts = tally_.counts(),
              .first_hit = tally_.first_hit(),
              .elapsed = tally_.elapsed(),
              .launches = launches_};
  AttemptCounts& counts = trial.counts;
  // The counters go on after the last attempt that is counted here.
  if (const auto at_end = counter_file_->read()) {
    counts.refused =
        std::min(growth(counters_at_start_, *at_end).attempt_fails, counts.attempts - counts.hits);
  }
  if (const auto calls = engine_->calls(options_.destination))
    counts.exhausted = *calls - std::min(*calls, tally_.seen(options_.destination));
  if (const auto lost = ring_->lost()) trial.lost = *lost;
  return trial;
}

}  // namespace selfconnect
