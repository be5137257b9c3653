// The stage of one phase: its world, engine, recorder, target and far end, and the moves that a phase makes
// on it. Everything it holds ends with it. For the io_context's thread only.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/check/check.h"
#include "harness/check/options.h"
#include "harness/check/plan.h"
#include "harness/check/pulse.h"
#include "harness/check/recorder.h"
#include "harness/check/schedule_director.h"
#include "harness/check/schedule_recorder.h"
#include "harness/launch/process.h"
#include "harness/peer/builtin_peer.h"
#include "harness/peer/name_server.h"
#include "harness/peer/relay.h"
#include "harness/ports/engine.h"
#include "harness/ports/engine_choice.h"
#include "harness/ports/notify_engine.h"
#include "harness/trace/blocked.h"
#include "harness/world/world.h"
#include "harness/world/world_pool.h"

namespace selfconnect {

// Why a phase could not be carried out. It decides between the verdicts `skip` and `error`.
struct StageFailure {
  enum class Kind {
    kCannotForce,  // no namespaces here, or the probe did not connect to itself
    kPortTaken,  // in World::here(): somebody else has the port; of a run that has begun only this phase is lost
    kError,      // the target or server command cannot be started, or the harness failed
  };
  Kind kind = Kind::kError;
  std::string reason;
};
[[nodiscard]] std::unexpected<StageFailure> failure(const Error& error,
                                                    StageFailure::Kind kind = StageFailure::Kind::kError);
template <class T>
using StageResult = std::expected<T, StageFailure>;
template <class T>
using Playing = boost::asio::awaitable<StageResult<T>>;

// What the phases of a run share.
struct Performance {
  boost::asio::io_context& context;
  const CheckOptions& options;
  CheckObserver& observer;
  bool interrupted = false;
  std::function<void()> interruption;                       // wakes the stage that plays
  std::optional<BestEngine> engine{};                       // decided in the first world
  WorldPool worlds{{.reuse = WorldPool::Reuse::kRenewed}};  // for the stages
  bool here = false;                                        // none can be made: World::here()
  std::unique_ptr<NotifyEngine> stops{};  // for the phases with a schedule, made with the first of them
};

// After a connection was accepted, for its first bytes to come or not to come.
inline constexpr std::chrono::milliseconds kFirstBytesGrace{150};

class Stage {
 public:
  using Clock = std::chrono::steady_clock;

  Stage(Performance& performance, PhasePlan plan);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Makes the world, with ports open or forced (then probed), and starts to record.
  enum class Ports { kOpen, kForced };
  StageResult<void> open(Ports ports);
  // A far end on `destination`'s port at another address than the target's; {host} becomes that address.
  Playing<void> open_far_end();
  // As open(), with a director that has every attempt meet its event of the plan's schedule, and with the real server
  // in the far network.
  Playing<void> open_schedule();
  [[nodiscard]] const ScheduleRecorder& schedule() const { return *schedule_; }
  StageResult<void> launch_target();

  // Forcing off: the kernel's own choice, without the destination's port.
  StageResult<void> release_ports();

  // The target dials, but in a way that the engine does not see: io_uring, under `notify`.
  [[nodiscard]] bool passes_engine_by() const { return flows().total() > 0 && !engine_->was_asked(); }

  // Waits for `condition`; false when the deadline, or an interruption, came first.
  boost::asio::awaitable<bool> until(std::function<bool()> condition);
  boost::asio::awaitable<bool> until(std::function<bool()> condition, Clock::time_point deadline);

  // Until the condition holds, or, where the plan says that this is enough, the target is blocked for good.
  boost::asio::awaitable<void> until_blocked(std::function<bool()> condition, Clock::time_point deadline);

  // After the target's first process ended by itself: its other processes get a moment to end, and what is
  // then left is noted. A target that has not dialled yet (it went to the background) is given all the time
  // there is.
  boost::asio::awaitable<void> settle(std::function<bool()> decided);

  // The far end: built in, or the user's server command, ready when this returns.
  Playing<void> serve(const Endpoint& endpoint, Network network = Network::kNear);
  // The built-in one, on a socket that listens already.
  void serve(UniqueFd listener);

  // Ends the target, if it has not ended by itself, and closes the trace.
  boost::asio::awaitable<void> finish();

  [[nodiscard]] const PhasePlan& plan() const { return plan_; }
  [[nodiscard]] const CheckOptions& options() const { return performance_.options; }
  [[nodiscard]] const World& world() const { return *world_; }
  [[nodiscard]] bool at_hand() const { return calls_ != nullptr; }  // World::here()
  [[nodiscard]] Recorder& recorder() { return *recorder_; }
  [[nodiscard]] const FlowTable& flows() const { return recorder_->flows(); }
  [[nodiscard]] Trace& trace() { return trace_; }
  [[nodiscard]] const Process& target() const { return *target_; }
  [[nodiscard]] bool target_ended() const { return target_ && target_->ended().has_value(); }
  [[nodiscard]] bool interrupted() const { return performance_.interrupted; }
  [[nodiscard]] Clock::time_point deadline() const;
  [[nodiscard]] Instant now() const { return recorder_->now(); }
  void note(ServerEvent::What what, std::string detail = {});

  // The target has been watched for long enough to know how it tries again: some attempts, some time.
  [[nodiscard]] bool watched_enough() const;

  // Writes packets.pcap, stdout and stderr of the phase.
  Result<void> save_files(const std::filesystem::path& directory) const;

 private:
  [[nodiscard]] std::vector<SocketKind> expected_sockets(Ports ports) const;
  StageResult<void> make_world(Ports ports);
  StageResult<void> make_world_of_its_own(Ports ports);
  StageResult<void> take_world_at_hand();
  StageResult<void> make_engine();
  StageResult<void> force_ports();
  [[nodiscard]] Service service(const Endpoint& destination) const;
  Playing<void> launch_server(const Endpoint& endpoint, Network network);
  void note_ended_servers();
  [[nodiscard]] std::optional<std::vector<BlockedThread>> seen_blocked() const;
  [[nodiscard]] Instant since_start(Clock::time_point at) const { return at - recorder_->start_time(); }
  void changed();

  Performance& performance_;
  PhasePlan plan_;
  Pulse pulse_;
  Trace trace_;
  WorldPool::Lent world_;
  std::unique_ptr<ScheduleRecorder> schedule_;
  std::unique_ptr<ScheduleDirector> director_;  // called by the performance's engine, until dial_by({})
  std::unique_ptr<Engine> own_engine_;
  Engine* engine_ = nullptr;       // that one, or the performance's
  NotifyEngine* calls_ = nullptr;  // likewise, in World::here()
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<NameServer> names_;
  std::optional<Address> far_address_;
  std::vector<std::unique_ptr<Process>> servers_;
  std::vector<std::unique_ptr<BuiltinPeer>> peers_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<Process> target_;
  bool blocked_ = false;
  std::optional<Clock::time_point> launched_at_;
  std::optional<Clock::time_point> progress_at_;
};

// The plays, one per phase. Each leaves the stage with the target ended and the trace closed.
Playing<void> play_refused(Stage& stage);
Playing<void> play_self_connect(Stage& stage);
Playing<void> play_bind(Stage& stage);
Playing<void> play_recover(Stage& stage);
Playing<void> play_healthy(Stage& stage);
Playing<void> play_same_port(Stage& stage);
Playing<void> play_schedule(Stage& stage);

}  // namespace selfconnect
