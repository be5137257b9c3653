// SPDX-License-Identifier: MIT
#include "harness/check/recorder.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>

namespace selfconnect {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kBatch = 2048;  // packets taken before the director has its turn
constexpr auto kBreath = 1ms;         // pause after packets: fewer wake-ups
constexpr auto kSampling = 20ms;      // between two looks at /proc
constexpr int kSamplingShare = 20;    // and at least so many times what a look costs
constexpr auto kSocketTable = 100ms;  // between two looks at the socket table

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(asio::io_context& context, const World& world,
                                                  std::span<const std::string> secrets, Counters counters,
                                                  std::function<void()> changed) {
  auto packet_socket = world.socket(AF_PACKET, SOCK_DGRAM, 0);
  if (!packet_socket) return std::unexpected(packet_socket.error().during("open the capture"));
  auto capture = Capture::open(std::move(*packet_socket), Clock::now());
  if (!capture) return std::unexpected(capture.error());
  auto diag_socket = world.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  if (!diag_socket) return std::unexpected(diag_socket.error().during("open sock_diag"));
  std::unique_ptr<Recorder> recorder(
      new Recorder(context, world, secrets, std::move(changed), SockDiag(std::move(*diag_socket))));
  auto packets = ReadableOnce::create(capture->fd());
  if (!packets) return std::unexpected(packets.error().during("open the capture"));
  const int readable = packets->fd();
  recorder->wire_.emplace(std::move(*capture), std::move(*packets),
                          asio::posix::stream_descriptor(context, readable));
  recorder->wire_->capture.restart(recorder->start_);
  if (counters == Counters::kRead) {
    if (auto counting = recorder->start_counting(); !counting) return std::unexpected(counting.error());
  }
  recorder->wait_for_packets();
  return recorder;
}

Result<std::unique_ptr<Recorder>> Recorder::start_without_packets(asio::io_context& context,
                                                                  const World& world,
                                                                  std::span<const std::string> secrets,
                                                                  NotifyEngine& engine,
                                                                  std::function<void()> changed) {
  auto diag_socket = world.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  if (!diag_socket) return std::unexpected(diag_socket.error().during("open sock_diag"));
  std::unique_ptr<Recorder> recorder(
      new Recorder(context, world, secrets, std::move(changed), SockDiag(std::move(*diag_socket))));
  recorder->calls_.emplace(engine);
  return recorder;
}

Result<void> Recorder::start_counting() {
  auto file = TcpCounterFile::open(world_.init_pid());
  if (!file) return std::unexpected(file.error());
  auto at_start = file->read();
  if (!at_start) return std::unexpected(at_start.error());
  counters_.emplace(std::move(*file), *at_start);
  return {};
}

std::optional<TcpCounters> Recorder::CounterLog::growth_so_far() {
  const auto now = file.read();
  return now ? std::optional(growth(at_start, *now)) : std::nullopt;
}

Recorder::Recorder(asio::io_context& context, const World& world, std::span<const std::string> secrets,
                   std::function<void()> changed, SockDiag sockets)
    : world_(world),
      changed_(std::move(changed)),
      start_(Clock::now()),
      breath_(context),
      flows_(secrets),
      sockets_(std::move(sockets)),
      sampling_(context) {}

Recorder::~Recorder() {
  if (wire_) wire_->readable.release();  // its owner closes it
}

Instant Recorder::now() const { return Clock::now() - start_; }

void Recorder::watch(pid_t target) {
  target_ = target;
  sample_later(kSampling / 4);
}

void Recorder::leave_out(pid_t server) { servers_.push_back(server); }

void Recorder::wait_for_packets() {
  wire_->packets.arm();
  // A handler that is queued already comes in spite of release(), hence `alive`.
  wire_->readable.async_wait(asio::posix::descriptor_base::wait_read,
                             [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
                               if (ec || alive.expired()) return;
                               wire_->packets.take();
                               drain_some();
                             });
}

Result<std::size_t> Recorder::take_packets() {
  return wire_->capture.drain(kBatch, [this](const CapturedPacket& packet) {
    const auto tcp = decode_packet(packet.bytes, packet.original_length);
    if (!tcp) return;
    flows_.add(*tcp, packet.at);
    packets_.add(packet, tcp->to_itself() ? PacketStore::Conversation::kSelfConnection
                                          : PacketStore::Conversation::kOther);
  });
}

void Recorder::drain_some() {
  const auto taken = take_packets();
  look_at_sockets();
  changed_();
  if (!taken) return;
  const bool flooded = *taken >= kBatch;
  if (!flooded && (*taken == 0 || !wire_->capture.is_roomy())) return wait_for_packets();
  breath_.expires_after(kBreath);
  breath_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
    if (!ec && !alive.expired()) drain_some();
  });
}

void Recorder::drain() {
  if (calls_) calls_->drain(flows_, sockets_, start_);
  // Bounded by what the socket's buffer holds: the target is still or stopped.
  for (int batch = 0; wire_ && batch < 64; ++batch) {
    const auto taken = take_packets();
    if (!taken || *taken < kBatch) break;
  }
  look_at_sockets();
}

void Recorder::look_at_sockets() {
  if (flows_.self_connected() == self_connections_seen_ && flows_.open_self_connections() == 0) return;
  const Instant at = now();
  if (looked_at_ && at - *looked_at_ < kSocketTable) return;
  looked_at_ = at;
  self_connections_seen_ = flows_.self_connected();
  const auto line = sockets_.self_connection(flows_.newest_self_connection()->endpoint, at);
  if (line && *line) (first_line_ ? last_line_ : first_line_) = **line;
}

void Recorder::sample_later(std::chrono::milliseconds interval) {
  sampling_.expires_after(interval);
  sampling_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
    if (ec || alive.expired()) return;
    const auto before = Clock::now();
    if (calls_) calls_->drain(flows_, sockets_, start_);
    sample();
    const auto cost = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - before);
    look_at_sockets();
    changed_();
    sample_later(std::max<std::chrono::milliseconds>(kSampling, cost * kSamplingShare));
  });
}

std::vector<pid_t> Recorder::processes(pid_t except) const {
  std::vector<pid_t> found;
  for (const pid_t pid : processes_under(world_.init_pid(), RootIs::kParent)) found.push_back(pid);
  if (target_ != 0) {
    for (const pid_t pid : processes_under(target_, RootIs::kTarget)) found.push_back(pid);
  }
  std::erase_if(
      found, [&](pid_t pid) { return pid == except || std::ranges::find(servers_, pid) != servers_.end(); });
  return found;
}

void Recorder::sample() {
  if (target_ == 0) return;
  std::uint64_t attempts = flows_.total();
  if (counters_) {
    if (const auto counted = counters_->growth_so_far()) attempts = counted->active_opens;
  }
  const Instant at = now();
  std::vector<ProcessSample> round;
  for (const pid_t pid : processes(0)) {
    auto one = sample_process(pid);
    if (!one || one->state == 'Z') continue;
    one->at = at;
    one->attempts = attempts;
    round.push_back(std::move(*one));
  }
  if (!round.empty()) samples_.add(std::move(round));
}

void Recorder::close(Trace& trace) {
  drain();
  trace.attempts = flows_.log();
  for (const auto& line : {first_line_, last_line_}) {
    if (line) trace.sockets.push_back(*line);
  }
  trace.samples = samples_.samples();
  trace.attempts_from = attempts_from();
  if (!wire_) return;
  if (counters_) trace.counters = counters_->growth_so_far().value_or(TcpCounters{});
  trace.packets = wire_->capture.captured();
  trace.packets_lost = wire_->capture.lost().value_or(0);
  trace.packets_left_out = packets_.left_out();
}

}  // namespace selfconnect
