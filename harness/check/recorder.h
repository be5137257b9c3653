// All that is read while a phase runs - packets, socket table, counters, processes - and the trace made of
// it. It only reads; the director looks at it to follow the phase.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/check/call_watch.h"
#include "harness/ports/notify_engine.h"
#include "harness/sys/error.h"
#include "harness/sys/readable_once.h"
#include "harness/trace/capture.h"
#include "harness/trace/flow_table.h"
#include "harness/trace/packet_store.h"
#include "harness/trace/proc_sampler.h"
#include "harness/trace/sock_diag.h"
#include "harness/trace/tcp_counters.h"
#include "harness/world/world.h"

namespace selfconnect {

// For the io_context's thread only. `changed` is called after packets came in and at every sample,
// which is when calls are taken.
class Recorder {
 public:
  using Clock = std::chrono::steady_clock;

  // Those of the network, which the kernel sums up anew for each reading. Left out: a sample has the attempts that were seen.
  enum class Counters { kRead, kLeftOut };

  static Result<std::unique_ptr<Recorder>> start(boost::asio::io_context& context, const World& world,
                                                 std::span<const std::string> secrets, Counters counters,
                                                 std::function<void()> changed);
  // In World::here(): attempts come from what `engine` sees, which must outlive it. There are no packets, and the
  // counters of the network are not the target's alone: none of them.
  static Result<std::unique_ptr<Recorder>> start_without_packets(boost::asio::io_context& context,
                                                                 const World& world,
                                                                 std::span<const std::string> secrets,
                                                                 NotifyEngine& engine,
                                                                 std::function<void()> changed);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // From now on the target's processes are sampled: the tree under `target`, and orphans in the world that do
  // not come of `server`.
  void watch(pid_t target);
  void leave_out(pid_t server);

  [[nodiscard]] Instant now() const;
  [[nodiscard]] Clock::time_point start_time() const { return start_; }
  [[nodiscard]] const FlowTable& flows() const { return flows_; }
  [[nodiscard]] SockDiag& sockets() { return sockets_; }

  // Takes the packets, or the calls, that are there, all of them.
  void drain();
  // Attempts from now on are not the target's behaviour any more, but the harness's doing.
  void stop_counting() { flows_.stop_counting_at(now()); }
  // Processes of the world, but for its init, `except`, and `server`.
  [[nodiscard]] std::vector<pid_t> processes(pid_t except) const;

  // What was recorded goes into the trace.
  void close(Trace& trace);
  [[nodiscard]] AttemptsFrom attempts_from() const {
    return wire_ ? AttemptsFrom::kPackets : AttemptsFrom::kCalls;
  }
  [[nodiscard]] const PacketStore& packets() const { return packets_; }

 private:
  // What can be read of a network that is the target's alone.
  struct Wire {
    Capture capture;
    ReadableOnce packets;                            // of the capture
    boost::asio::posix::stream_descriptor readable;  // its descriptor, borrowed
  };
  struct CounterLog {
    TcpCounterFile file;
    TcpCounters at_start;
    [[nodiscard]] std::optional<TcpCounters> growth_so_far();
  };

  Recorder(boost::asio::io_context& context, const World& world, std::span<const std::string> secrets,
           std::function<void()> changed, SockDiag sockets);
  Result<void> start_counting();
  void wait_for_packets();
  Result<std::size_t> take_packets();
  void drain_some();
  void look_at_sockets();
  void sample_later(std::chrono::milliseconds interval);
  void sample();

  // A timer that has expired calls its handler also when it is destroyed before that (asio's basic_waitable_timer).
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  const World& world_;
  std::function<void()> changed_;
  Clock::time_point start_;
  std::optional<Wire> wire_;
  std::optional<CounterLog> counters_;
  std::optional<CallWatch> calls_;  // one of the two
  boost::asio::steady_timer breath_;
  FlowTable flows_;
  PacketStore packets_;
  SockDiag sockets_;
  std::uint64_t self_connections_seen_ = 0;
  std::optional<SocketLine> first_line_, last_line_;
  std::optional<Instant> looked_at_;
  boost::asio::steady_timer sampling_;
  SampleLog samples_;
  pid_t target_ = 0;
  std::vector<pid_t> servers_;
};

}  // namespace selfconnect
