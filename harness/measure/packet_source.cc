// SPDX-License-Identifier: MIT
#include "harness/measure/packet_source.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

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
  return std::unique_ptr<PacketSource>(
      new PacketSource(engine, destination, start, std::move(*ring), std::move(*counters), *at_start));
}

AttemptSource::Time PacketSource::last_syn(const TrialTally& tally) const { return start_ + tally.last_at(); }

std::vector<Engine::Call> PacketSource::take_calls() {
  auto calls = engine_.take_calls();
  if (!calls) knows_calls_ = false;
  return knows_calls_ ? std::move(*calls) : std::vector<Engine::Call>{};
}

void PacketSource::add(const Syn& syn, TrialTally& tally) {
  if (syn.kind != Syn::Kind::kAttempt) {
    tally.add(syn);
    return;
  }
  const auto call = open_.take(syn.source, syn.destination, start_ + syn.at);
  const bool is_counted = tally.add(syn, call ? std::optional(call->order) : std::nullopt);
  if (!is_counted && tally.is_over() && call && call->at <= last_syn(tally) &&
      syn.destination == destination_)
    ++late_;
}

// A call that was made after the SYNs were read may come after the limit, which these do not show yet.
void PacketSource::count_calls(const TrialTally& tally, Time syns_read) {
  const Time until = tally.is_over() ? last_syn(tally) : syns_read;
  std::vector<Engine::Call> later;
  for (const Engine::Call& call : uncounted_) {
    if (call.at <= until) {
      made_.add(call);
    } else if (!tally.is_over()) {
      later.push_back(call);
    }
  }
  uncounted_ = std::move(later);
}

void PacketSource::drain(TrialTally& tally) {
  const Time now = std::chrono::steady_clock::now();
  std::vector<Syn> syns;
  ring_.drain([&](const Syn& syn) { syns.push_back(syn); });
  const auto calls = take_calls();  // after them, so that the call of each is there
  for (const Engine::Call& call : calls) open_.add(call);
  for (const Syn& syn : syns) add(syn, tally);
  for (const Engine::Call& call : calls) {
    if (reached_by(call.destination) != destination_) continue;
    ++calls_;
    uncounted_.push_back(call);
  }
  count_calls(tally, now);
}

bool PacketSource::has_outstanding(const TrialTally& tally) const {
  return knows_calls_ && open_.has_from_before(last_syn(tally), std::chrono::steady_clock::now());
}

void PacketSource::complete(const TrialTally& tally, Time ended, Trial& trial) {
  // The counters go on after the last attempt that is counted here.
  if (const auto at_end = counters_.read()) {
    trial.counts.refused = std::min(growth(at_start_, *at_end).attempt_fails, trial.counts.not_hits());
  }
  if (const auto lost = ring_.lost()) trial.lost = *lost;
  const std::uint64_t counted = tally.counted(destination_);
  const bool saw_all = knows_calls_ && trial.lost == 0 && counted <= calls_;
  if (!saw_all) return;
  const std::uint64_t made = made_.count(last_syn(tally), ended);
  trial.counts.exhausted = made - std::min(made, counted + late_);
}

}  // namespace selfconnect
