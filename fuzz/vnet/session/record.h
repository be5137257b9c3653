// What was seen in one life of a client under one schedule: values, which the rules (judge.h) look at.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/vnet/fuzz_target.h"
#include "fuzz/vnet/virtual_time.h"
#include "harness/net/endpoint.h"
#include "harness/schedule/schedule.h"

namespace selfconnect::vnet {

// What a client wrote on one attempt is kept up to here.
inline constexpr std::size_t kMostSentKept = 4096;

struct AttemptRecord {
  Endpoint to;
  std::uint64_t number = 0;            // at its destination, from 1
  EventKind met = EventKind::kRefuse;  // kRefuse also for a `self` whose port was held
  bool quiet = false;                  // of the quiet window
  Time at{};
  bool held = true;            // the client has not closed its socket
  bool pulled = false;         // the session reset it, since the client waited for good
  std::string sent{};          // the beginning of what the client wrote
  std::uint64_t answered = 0;  // bytes that the far end sent, when last looked at

  bool operator==(const AttemptRecord&) const = default;
};

// The client waited for what never comes, and rightly so as far as is known: its connections were reset, and it went on.
struct Wait {
  Time at{};
  std::vector<std::size_t> on;  // indices of the attempts

  bool operator==(const Wait&) const = default;
};

// Why a life was cut short.
enum class Stop : std::uint8_t {
  kStandstill,  // it waits, and nothing can ever happen again
  kPatience,    // neither ended nor dialled for too long (FuzzTarget::patience)
  kAttempts,    // it dials and dials, without time passing
  kCalls,       // it calls and calls, without time passing
  kSignal,      // SIGPIPE
  kTooMany,     // it dials or talks without end: is not judged
};

struct Record {
  Schedule schedule{};
  std::vector<AttemptRecord> attempts{};
  std::vector<Wait> waits{};
  std::optional<Stop> stop{};
  Ending ending = Ending::kGaveUp;  // unless it was stopped
  bool ended = false;               // by itself
  Time ended_at{};                  // or stopped
  int descriptors = 0;              // open at its end
  bool dials_at_once = false;  // an attempt began while another one to that destination was up or coming up
  // At the first bytes in the quiet window: sockets of earlier attempts whose connection was no more.
  std::vector<std::size_t> dead_sockets{};
  std::optional<std::size_t> recovered{};  // the attempt on which these bytes were written

  bool operator==(const Record&) const = default;
};

// "attempt 2 (garbage:1)"
[[nodiscard]] std::string attempt_text(const Record& record, std::size_t index);
// "1-3 refuse, 4 garbage:1 (it wrote 5 bytes, it was sent 1)": all of them, in one line.
[[nodiscard]] std::string attempts_text(const Record& record);

// The event that the attempt met, with its amount or steps.
[[nodiscard]] const Event& event_met(const Record& record, const AttemptRecord& attempt);

// After `serve`, `silent`, `garbage` and the like a client may wait for an answer; after the others there is nothing to wait for.
[[nodiscard]] bool may_wait_after(EventKind kind);

}  // namespace selfconnect::vnet
