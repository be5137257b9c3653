// SPDX-License-Identifier: MIT
#include "harness/measure/packet_source.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>

namespace selfconnect {

Result<std::unique_ptr<PacketSource>> PacketSource::open(const World& world) {
  auto socket = world.socket(AF_PACKET, SOCK_DGRAM, 0);
  if (!socket) return std::unexpected(socket.error());
  auto ring = SynRing::open(std::move(*socket), std::chrono::steady_clock::now());
  if (!ring) return std::unexpected(ring.error());
  auto counters = TcpCounterFile::open(world.init_pid());
  if (!counters) return std::unexpected(counters.error());
  const auto at_start = counters->read();
  if (!at_start) return std::unexpected(at_start.error());
  return std::unique_ptr<PacketSource>(new PacketSource(std::move(*ring), std::move(*counters), *at_start));
}

void PacketSource::complete(Trial& trial) {
  // The counters go on after the last attempt that is counted here.
  if (const auto at_end = counters_.read()) {
    trial.counts.refused =
        std::min(growth(at_start_, *at_end).attempt_fails, trial.counts.attempts - trial.counts.hits);
  }
  if (const auto lost = ring_.lost()) trial.lost = *lost;
}

}  // namespace selfconnect
