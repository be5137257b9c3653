// SPDX-License-Identifier: MIT
#include "harness/check/stage.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>

#include "harness/check/out_directory.h"
#include "harness/check/taken_port.h"
#include "harness/launch/command_line.h"
#include "harness/peer/listener.h"
#include "harness/ports/world_ports.h"
#include "harness/trace/pcap_writer.h"
#include "harness/trace/secret_finder.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

constexpr auto kTermGrace = 200ms;      // from SIGTERM to SIGKILL
constexpr auto kKillGrace = 5s;         // a killed process ends at once, unless the kernel holds it
constexpr auto kChildrenGrace = 500ms;  // for helper processes of the target to end after it
constexpr auto kPolling = 5ms;          // of what the kernel gives no event for
constexpr auto kProgress = 100ms;
constexpr std::chrono::milliseconds kFirstLook{4},
    kLastLook{64};  // between two looks at a target that may be blocked

// Watched long enough: see Stage::watched_enough.
constexpr std::uint64_t kFewAttempts = 4;
constexpr std::uint64_t kManyAttempts = 16;
constexpr auto kShortWatch = 600ms;
constexpr auto kLongWatch = 3s;

OutputText text_of(const OutputBuffer& buffer, const SecretPatterns& secrets) {
  OutputText text{.head = buffer.head(), .tail = buffer.tail(), .total = buffer.total()};
  black_out(text, secrets);
  return text;
}

}  // namespace

std::unexpected<StageFailure> failure(const Error& error, StageFailure::Kind kind) {
  return std::unexpected(StageFailure{kind, error.message});
}

Stage::Stage(Performance& performance, PhasePlan plan)
    : performance_(performance), plan_(std::move(plan)), pulse_(performance.context) {
  trace_.phase = plan_.phase;
  trace_.destination = plan_.destination;
  trace_.timeout = plan_.timeout;
  performance_.interruption = [this] { pulse_.beat(); };
}

Stage::~Stage() {
  if (director_) {
    performance_.stops->dial_by({});
    performance_.stops->choose_by({});
  }
  performance_.interruption = [] {};
}

// What the name server, the recorder, and the probe or the director will ask for.
std::vector<SocketKind> Stage::expected_sockets(Ports ports) const {
  std::vector<SocketKind> kinds{{AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0},
                                {AF_PACKET, SOCK_DGRAM, 0},
                                {AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG}};
  const bool listens = has_schedule(plan_.phase);
  if (ports == Ports::kForced || listens) {
    const bool v4 = plan_.destination->address.family() == Family::kIpv4;
    kinds.push_back({v4 ? AF_INET : AF_INET6, listens ? SOCK_STREAM | SOCK_NONBLOCK : SOCK_STREAM, 0});
  }
  return kinds;
}

// What a server needs to come up before the target is launched is not taken from the target's time.
Stage::Clock::time_point Stage::deadline() const {
  return launched_at_.value_or(recorder_->start_time()) + plan_.timeout;
}

StageResult<void> Stage::make_world(Ports ports) {
  if (!performance_.here) {
    auto made = make_world_of_its_own(ports);
    if (made || !performance_.here) return made;
  }
  return take_world_at_hand();
}

StageResult<void> Stage::make_world_of_its_own(Ports ports) {
  auto world = performance_.worlds.take();
  if (!world) {
    if (auto at_hand = choose_engine_at_hand(options().engine, world.error())) {
      performance_.here = true;
      performance_.engine = std::move(*at_hand);
    }
    return failure(Error{0, fmt::format("no world of its own can be made for the client here ({}); "
                                        "`selfconnect doctor` says why",
                                        world.error().message)},
                   StageFailure::Kind::kCannotForce);
  }
  world_ = std::move(*world);
  world_->expect_sockets(expected_sockets(ports));
  for (const Address& address : plan_.local_addresses) {
    if (!needs_local_address(address)) continue;
    if (auto added = world_->add_local_address(address); !added) return failure(added.error());
  }
  // Where IPv6 is off names do not resolve; clients given an address do not mind.
  if (auto names = NameServer::start(performance_.context, *world_)) names_ = std::move(*names);
  return make_engine();
}

StageResult<void> Stage::take_world_at_hand() {
  auto world = World::here();
  if (!world) return failure(world.error(), StageFailure::Kind::kCannotForce);
  world_ = performance_.worlds.lend(std::move(*world));
  auto engine = make_notify_engine(*world_);
  if (!engine) return failure(engine.error().during("engine notify"), StageFailure::Kind::kCannotForce);
  engine_ = calls_ = engine->get();
  own_engine_ = std::move(*engine);
  return {};
}

StageResult<void> Stage::make_engine() {
  constexpr auto kCannotForce = StageFailure::Kind::kCannotForce;
  if (!performance_.engine) {
    auto chosen = choose_engine(options().engine, *world_);
    if (!chosen) return failure(chosen.error(), kCannotForce);
    performance_.engine = std::move(*chosen);
  }
  if (has_schedule(plan_.phase)) {
    if (!performance_.stops) {
      auto engine = make_notify_engine_for_worlds();
      if (!engine) return failure(engine.error().during("engine notify"), kCannotForce);
      performance_.stops = std::move(*engine);
    }
    performance_.stops->forget_attempts();
    engine_ = performance_.stops.get();
    return {};
  }
  auto engine = selfconnect::make_engine(performance_.engine->choice, *world_);
  if (!engine) return failure(engine.error(), kCannotForce);
  engine_ = engine->get();
  own_engine_ = std::move(*engine);
  return {};
}

StageResult<void> Stage::force_ports() {
  if (auto forced = engine_->force(plan_.destination->port, plan_.allocator); !forced) {
    return failure(forced.error(), StageFailure::Kind::kCannotForce);
  }
  auto probe = engine_->probe(*plan_.destination, plan_.allocator);
  if (!probe) return failure(probe.error().during("probe the forcing"));
  if (!*probe && calls_ != nullptr) {
    return failure(Error{0, taken_port_text(*world_, plan_.destination->port)},
                   StageFailure::Kind::kPortTaken);
  }
  if (!*probe) {
    return failure(
        Error{0, fmt::format("this kernel cannot be made to connect {} to itself: the probe before the {} "
                             "phase was not connected to itself",
                             plan_.destination->text(), phase_name(plan_.phase))},
        StageFailure::Kind::kCannotForce);
  }
  trace_.forced = true;
  return {};
}

StageResult<void> Stage::open(Ports ports) {
  if (auto made = make_world(ports); !made) return made;
  if (ports == Ports::kForced) {
    if (auto forced = force_ports(); !forced) return forced;
  } else {
    // Under a schedule the kernel's own choice is left alone, but for those ports.
    auto opened = has_schedule(plan_.phase) && calls_ == nullptr
                      ? set_port_layout(*world_, open_layout(plan_.never))
                      : engine_->release(plan_.never);
    if (!opened) return failure(opened.error(), StageFailure::Kind::kCannotForce);
  }
  const auto counters = plan_.quick ? Recorder::Counters::kLeftOut : Recorder::Counters::kRead;
  const auto look = [this] { changed(); };
  auto recorder =
      calls_ == nullptr
          ? Recorder::start(performance_.context, *world_, options().secrets, counters, look)
          : Recorder::start_without_packets(performance_.context, *world_, options().secrets, *calls_, look);
  if (!recorder) return failure(recorder.error());
  recorder_ = std::move(*recorder);
  return {};
}

StageResult<void> Stage::launch_target() {
  Endpoint stands_for{Address::loopback(plan_.family), options().port.value_or(kDefaultPort)};
  if (options().host) stands_for.address = *options().host;
  if (far_address_) stands_for.address = *far_address_;
  const LaunchSpec spec{.command = fill_placeholders(options().command, stands_for),
                        .stdin_file = options().stdin_file,
                        .limits = options().limits,
                        .kept_descriptor = options().kept_descriptor,
                        .network = Network::kNear,
                        .confinement = engine_->confinement()};
  auto target = Process::launch(performance_.context, *world_, spec, [this] { changed(); });
  if (!target) return failure(target.error());
  target_ = std::move(*target);
  launched_at_ = Clock::now();
  recorder_->watch(target_->pid());
  return {};
}

StageResult<void> Stage::release_ports() {
  if (auto released = engine_->release(plan_.never); !released) return failure(released.error());
  trace_.unforced_at = now();
  return {};
}

boost::asio::awaitable<bool> Stage::until(std::function<bool()> condition) {
  return until(std::move(condition), deadline());
}

boost::asio::awaitable<bool> Stage::until(std::function<bool()> condition, Clock::time_point by) {
  co_await pulse_.until([this, &condition] { return interrupted() || condition(); }, by);
  co_return condition();
}

boost::asio::awaitable<void> Stage::until_blocked(std::function<bool()> condition, Clock::time_point by) {
  std::optional<std::vector<BlockedThread>> before;
  auto pause = kFirstLook;
  while (!interrupted() && !condition() && Clock::now() < by) {
    const bool looks = plan_.quick;
    if (co_await until(condition, looks ? std::min(Clock::now() + pause, by) : by)) break;
    if (!looks || interrupted()) continue;
    auto now = seen_blocked();
    blocked_ = now && now == before && schedule_->far_end_waits();
    if (blocked_) co_return;
    if (!now) pause = std::min<std::chrono::milliseconds>(2 * pause, kLastLook);
    before = std::move(now);
  }
  if (interrupted() || condition()) co_return;
  // Its time is up, and the rules want to know whether more of it would have helped.
  before = seen_blocked();
  if (!before) co_return;
  co_await pulse_.until([this] { return interrupted(); }, Clock::now() + kFirstLook);
  blocked_ = seen_blocked() == before && schedule_->far_end_waits();
}

std::optional<std::vector<BlockedThread>> Stage::seen_blocked() const {
  if (!schedule_->far_end_waits()) return std::nullopt;
  return blocked_threads(recorder_->processes(0));
}

boost::asio::awaitable<void> Stage::settle(std::function<bool()> decided) {
  if (!target_ended()) co_return;
  const auto grace_ends = std::min(Clock::now() + kChildrenGrace, deadline());
  std::vector<pid_t> left;
  while (true) {
    recorder_->drain();
    left = recorder_->processes(target_->pid());
    if (left.empty() || interrupted()) break;
    const auto now = Clock::now();
    if (now >= deadline()) break;
    if (now >= grace_ends && flows().total() > 0 && decided()) break;
    co_await until([] { return false; }, std::min(now + kPolling, deadline()));
  }
  for (const pid_t pid : left) {
    if (const auto process = sample_process(pid); process && process->state != 'Z') {
      trace_.left_behind.push_back(process->name);
    }
  }
}

boost::asio::awaitable<void> Stage::finish() {
  const auto ended = [this] { return target_ended(); };
  if (target_->about_to_end()) co_await pulse_.until(ended, Clock::now() + kKillGrace);
  note_ended_servers();
  if (schedule_) schedule_->tell(trace_);  // before the target is stopped, which is not its own doing
  if (!target_ended()) {
    trace_.ended.how = Ended::How::kStopped;
    trace_.ended.stop_reason = interrupted()                ? "interrupted"
                               : blocked_                   ? "blocked"
                               : Clock::now() >= deadline() ? "timeout"
                                                            : "decided";
    recorder_->drain();
    trace_.stop_signal_at = trace_.ended.at = now();
    recorder_->stop_counting();
    target_->signal(SIGTERM);
    if (!co_await pulse_.until(ended, Clock::now() + kTermGrace)) {
      target_->signal(SIGKILL);
      co_await pulse_.until(ended, Clock::now() + kKillGrace);
    }
  } else {
    const ExitStatus& status = *target_->ended();
    trace_.ended = {.how = status.signalled ? Ended::How::kSignal : Ended::How::kExit,
                    .code = status.code,
                    .at = since_start(status.at),
                    .stop_reason = {}};
  }
  target_->drain_output();
  const SecretPatterns secrets(options().secrets);
  trace_.out = text_of(target_->out(), secrets);
  trace_.err = text_of(target_->err(), secrets);
  recorder_->close(trace_);
}

void Stage::note(ServerEvent::What what, std::string detail) {
  trace_.server.push_back({.at = now(), .what = what, .detail = std::move(detail)});
}

bool Stage::watched_enough() const {
  const auto& destinations = flows().destinations();
  if (destinations.empty()) return false;
  const auto most = std::ranges::max(destinations, {}, &DestinationStats::attempts).attempts;
  const Instant watched = now() - destinations.front().first_at;
  return most >= kFewAttempts && watched >= kShortWatch && (most >= kManyAttempts || watched >= kLongWatch);
}

Result<void> Stage::save_files(const std::filesystem::path& directory) const {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec) return std::unexpected(errno_error("make directory " + directory.string(), ec.value()));
  const auto whole = [](const OutputText& output) {
    const std::uint64_t left_out = output.total - output.head.size() - output.tail.size();
    if (left_out == 0) return output.head + output.tail;
    return fmt::format("{}\n[selfconnect: {} bytes left out]\n{}", output.head, left_out, output.tail);
  };
  if (auto done = write_whole_file(directory / "stdout", whole(trace_.out)); !done) return done;
  if (auto done = write_whole_file(directory / "stderr", whole(trace_.err)); !done) return done;
  if (recorder_->attempts_from() != AttemptsFrom::kPackets) return {};
  return write_pcap(directory / "packets.pcap", recorder_->packets(), flows().secret_ranges(),
                    flows().secret_patterns());
}

void Stage::changed() {
  pulse_.beat();
  if (!recorder_) return;
  const auto now = Clock::now();
  if (progress_at_ && now - *progress_at_ < kProgress) return;
  progress_at_ = now;
  performance_.observer.progress({.attempts = flows().total(),
                                  .self_connects = flows().self_connected(),
                                  .elapsed = recorder_->now(),
                                  .deadline = plan_.timeout});
}

}  // namespace selfconnect
