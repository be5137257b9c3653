// SPDX-License-Identifier: MIT
#include "harness/measure/trial_world.h"

#include "harness/check/taken_port.h"
#include "harness/launch/command_line.h"
#include "harness/measure/packet_source.h"
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
  if (auto set = set_port_layout(world, options.open); !set) return std::unexpected(set.error());
  // The policy before the source: what an engine tries out is no attempt of the command's.
  if (auto followed = trial->follow_policy(); !followed) return std::unexpected(followed.error());
  if (auto names = NameServer::start(context, world)) trial->names_ = std::move(*names);
  auto attempts = PacketSource::open(world, *trial->engine_, options.destination);
  if (!attempts) return std::unexpected(attempts.error());
  trial->attempts_ = std::move(*attempts);
  if (auto kept = trial->keep_packets(); !kept) return std::unexpected(kept.error());
  return trial;
}

Result<std::unique_ptr<TrialWorld>> TrialWorld::open_at_hand(asio::io_context& context, const World& world,
                                                             std::unique_ptr<NotifyEngine> engine,
                                                             const MeasureOptions& options, TrialTally& tally,
                                                             std::function<void()> ended) {
  NotifyEngine& notify = *engine;
  std::unique_ptr<TrialWorld> trial(
      new TrialWorld(context, world, std::move(engine), options, tally, std::move(ended)));
  if (auto forced = notify.force(options.destination.port, Allocator::kConnect); !forced)
    return std::unexpected(forced.error());
  const auto connected = notify.probe(options.destination, Allocator::kConnect);
  if (!connected) return std::unexpected(connected.error());
  if (!*connected) return std::unexpected(error(taken_port_text(world, options.destination.port)));
  if (auto followed = trial->follow_policy(); !followed) return std::unexpected(followed.error());
  auto calls = std::make_unique<CallSource>(notify);
  trial->calls_ = calls.get();
  trial->attempts_ = std::move(calls);
  return trial;
}

Result<void> TrialWorld::follow_policy() {
  return engine_->follow(
      options_.policy,
      {.open = options_.open, .never = {}, .destination = options_.destination, .allocator = forced_});
}

Result<void> TrialWorld::keep_up() {
  if (options_.policy.kind == PolicyKind::kForce) {
    if (auto forced = force_the_other_kind(); !forced) return forced;
  }
  return engine_->keep_up();
}

// Range and hook force one kind of client at a time, one that binds to port 0 before it dials or one that does not: the other kind
// while none hits, though no self-connection holds the port. To notify they are the same.
Result<void> TrialWorld::force_the_other_kind() {
  const std::uint64_t hits = tally_.counts().hits, misses = tally_.misses();
  const bool is_wrong = hits == hits_ && misses > misses_;
  hits_ = hits;
  misses_ = misses;
  if (!is_wrong) return {};
  forced_ = forced_ == Allocator::kConnect ? Allocator::kBind : Allocator::kConnect;
  return follow_policy();
}

Result<void> TrialWorld::keep_packets() {
  if (options_.out.empty()) return {};
  auto packets = Recorder::start(context_, world_, {}, Recorder::Counters::kLeftOut, [] {});
  if (!packets) return std::unexpected(packets.error());
  packets_ = std::move(*packets);
  return {};
}

void TrialWorld::count() { attempts_->drain(tally_); }

std::optional<Endpoint> TrialWorld::kept_from() const {
  return calls_ == nullptr ? std::nullopt : calls_->kept_from();
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
  const auto ended = std::chrono::steady_clock::now();
  command_.reset();
  count();
  Trial trial{.counts = tally_.counts(),
              .first_hit = tally_.first_hit(),
              .elapsed = tally_.elapsed(),
              .launches = launches_,
              .end = tally_.end()};
  attempts_->complete(tally_, ended, trial);
  return trial;
}

}  // namespace selfconnect
