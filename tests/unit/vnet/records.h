// Records of lives on the virtual network, for the tests of its rules.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include "fuzz/vnet/session/judge.h"

namespace selfconnect::vnet {

inline Schedule schedule_of(std::string_view text) {
  const auto schedule = parse_schedule(text);
  if (schedule) return *schedule;
  ADD_FAILURE() << schedule.error().message(text);
  return {};
}

inline const Endpoint kServer{.address = Address::loopback(Family::kIpv4), .port = 50000};

// A life under this schedule with `attempts` attempts, one a second, that has ended in success.
inline Record life(std::string_view schedule, std::uint64_t attempts) {
  Record record{.schedule = schedule_of(schedule), .ending = Ending::kSuccess, .ended = true};
  for (std::uint64_t number = 1; number <= attempts; ++number) {
    const bool quiet = number > length(record.schedule);
    record.attempts.push_back({.to = kServer,
                               .number = number,
                               .met = event_of(record.schedule, number).kind,
                               .quiet = quiet,
                               .at = std::chrono::seconds(number - 1),
                               .held = false});
    if (!quiet) continue;
    record.attempts.back().sent = "PING\n";
    record.attempts.back().answered = 5;
  }
  record.ended_at = std::chrono::seconds(attempts);
  return record;
}

inline Record gave_up(Record record) {
  record.ending = Ending::kGaveUp;
  return record;
}

inline Record stopped(Record record, Stop why) {
  record.ended = false;
  record.stop = why;
  return record;
}

// Of a client that tries until it is served.
class FakeControls : public Controls {
 public:
  const std::vector<Record>& healthy() override { return healthy_lives; }
  const Record& refused() override { return refused_life; }
  bool goes_on_after(const Event& event) override {
    asked.push_back(print(event));
    return goes_on;
  }

  std::vector<Record> healthy_lives{life("serve", 1), life("serve", 1), life("serve", 1)};
  Record refused_life = life("refuse*16 serve", 17);
  bool goes_on = true;
  std::vector<std::string> asked;
};

// The name of the rule, or "".
inline std::string rule_of(const std::optional<Finding>& finding) {
  return finding ? std::string(finding->rule) : "";
}

}  // namespace selfconnect::vnet
