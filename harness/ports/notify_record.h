// What the supervisor of the engine `notify` has seen, and how often each destination was dialled. Bounded. For any thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/dial.h"
#include "harness/ports/watched_connect.h"

namespace selfconnect {

// One attempt, or one bind() to port 0.
struct NotifyEvent {
  std::chrono::steady_clock::time_point at;
  pid_t thread = 0;
  Dial dial;
  std::uint16_t port = 0;                   // of the socket as it goes on; 0: the kernel chooses
  std::optional<ConnectOutcome> outcome{};  // where the supervisor calls connect() itself
};

class NotifyRecord {
 public:
  void note(NotifyEvent event);
  void note_missed();

  // 1, 2, ...: of the attempt on `destination` that comes next. Only note() counts it.
  [[nodiscard]] std::uint64_t next_attempt(const Endpoint& destination);

  // What happened since the last time; the oldest are dropped beyond kMostEvents.
  [[nodiscard]] std::vector<NotifyEvent> take();

  // Events that were dropped, and note_missed(). This and the next since the start or forget().
  [[nodiscard]] std::uint64_t missed();
  [[nodiscard]] bool has_noted() const { return has_noted_; }

  // Neither events nor numbers of attempts of what was before.
  void forget();

  static constexpr std::size_t kMostEvents = 16'384;
  static constexpr std::size_t kMostDestinations = 4'096;  // with a count of their own

 private:
  std::uint64_t& attempts_to(const Endpoint& destination);  // with mutex_ locked

  std::atomic<bool> has_noted_ = false;
  std::mutex mutex_;  // of the rest
  std::map<Endpoint, std::uint64_t> attempts_;
  std::deque<NotifyEvent> events_;
  std::uint64_t missed_ = 0;
};

}  // namespace selfconnect
