// SPDX-License-Identifier: MIT
#include "harness/measure/packet_source.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>

namespace selfconnect {

Result<std::unique_ptr<PacketSource>> PacketSource::open(const World& world, Engine& engine,
                                                         const Endpoint& destination) {
  auto socket = world.socket(AF_PACKET, SOCK_DGRAM, 0);
  if (!socket) return std::unexpected(socket.error());
  const auto start = std::chrono::steady_clock::now();
  auto ring = SynRing::open(std::move(*socket), start);
  if (!ring) return std::unexpected(ring.error());
  auto counters = TcpCounterFile::open(world.init_pid());
  if (!counters) return std::unexpected(counters.error());
  const auto at_start = counters->read();
  if (!at_start) return std::unexpected(at_start.error());
  std::unique_ptr<PacketSource> source(
      new PacketSource(engine, destination, std::move(*ring), std::move(*counters), *at_start));
  source->start_ = start;
  return source;
}

void PacketSource::drain(TrialTally& tally) {
  // Asked for first, so that their SYNs are there.
  const auto calls = engine_.take_calls();
  ring_.drain([&](const Syn& syn) { tally.add(syn); });
  if (!calls) calls_.reset();
  if (!calls_) return;
  for (const Engine::Call& call : *calls) {
    const bool counts = !tally.is_over() || call.at - start_ <= tally.last_at();
    if (counts && reached_by(call.destination) == destination_) ++*calls_;
  }
}

void PacketSource::complete(const TrialTally& tally, Trial& trial) {
  // The counters go on after the last attempt that is counted here.
  if (const auto at_end = counters_.read()) {
    trial.counts.refused =
        std::min(growth(at_start_, *at_end).attempt_fails, trial.counts.attempts - trial.counts.hits);
  }
  if (const auto lost = ring_.lost()) trial.lost = *lost;
  if (calls_ && trial.lost == 0)
    trial.counts.exhausted = *calls_ - std::min(*calls_, tally.counted(destination_));
}

}  // namespace selfconnect
