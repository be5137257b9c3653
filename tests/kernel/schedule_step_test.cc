// Attempt n meets event n: random schedules, played against a client of up to 16 threads and 4 destinations, held against the
// packets. How many: $SELFCONNECT_SCHEDULES; which: $SELFCONNECT_SEED and the next ones. `ci/soak` plays 10,000.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdlib>
#include <set>
#include <sstream>

#include "conversations.h"
#include "harness/check/stage.h"
#include "harness/schedule/generate.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using testing::Conversation;

const std::string kGreeting = "hello\n";
constexpr std::uint64_t kServed = 2;          // attempts at each destination in the quiet window
constexpr std::uint32_t kMostAmount = 8'192;  // bytes, so that a capture holds all of them
constexpr int kMostReported = 5;              // schedules that went wrong

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Trial {
  Schedule schedule;
  unsigned threads = 1;
  std::vector<Endpoint> destinations;
  bool mapped = false;  // IPv4 destinations are dialled from IPv6 sockets
};

Address loopback(std::uint8_t last) { return Address::v4({127, 0, 0, last}); }

// Different addresses with one port, different ports at one address, or one of IPv6.
std::vector<Endpoint> draw_destinations(RandomSource& random) {
  const std::uint32_t count = 1 + random.below(4);
  const std::uint32_t kind = random.below(3);
  std::vector<Endpoint> destinations;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto beside = static_cast<std::uint8_t>(1 + i);
    const auto port = static_cast<std::uint16_t>(kDefaultPort + (kind == 0 ? 0 : i));
    const Address address = kind == 2 ? Address::loopback(Family::kIpv6) : loopback(kind == 0 ? beside : 1);
    destinations.push_back({address, port});
  }
  return destinations;
}

Trial draw(std::uint64_t seed) {
  RandomSource random(seed);
  Trial trial{.schedule = generate_schedule(random),
              .threads = 1 + random.below(random.below(2) == 0 ? 1 : 16),
              .destinations = draw_destinations(random),
              .mapped = random.below(4) == 0};
  for (Entry& entry : trial.schedule.entries) entry.event.amount = std::min(entry.event.amount, kMostAmount);
  trial.schedule = normal_form(trial.schedule);
  return trial;
}

std::vector<std::string> command_of(const Trial& trial) {
  std::vector<std::string> command{SELFCONNECT_TEST_PROGRAMS "/dialler", std::to_string(trial.threads),
                                   std::to_string(length(trial.schedule) + kServed)};
  for (const Endpoint& destination : trial.destinations) {
    const bool mapped = trial.mapped && destination.address.family() == Family::kIpv4;
    command.push_back((mapped ? "::ffff:" : "") + destination.address.text());
    command.push_back(std::to_string(destination.port));
  }
  return command;
}

std::string describe(std::uint64_t seed, const Trial& trial) {
  return fmt::format("seed {}: {}\n  {}", seed, fmt::join(command_of(trial), " "), print(trial.schedule));
}

class Player {
 public:
  // Greets once, and then reads more than any client here says.
  Player() {
    options_.script = {{.what = Step::What::kSay, .amount = 0, .bytes = kGreeting},
                       {.what = Step::What::kRead, .amount = kMostBytes, .bytes = ""}};
  }

  struct Played {
    StageResult<Trace> trace;
    testing::Conversations conversations;
    std::uint64_t left_out = 0;  // packets
  };

  Played play(const Trial& trial) {
    options_.command = command_of(trial);
    PhasePlan plan{.phase = Phase::kSchedule, .kind = Kind::kOneShot, .timeout = 60s};
    plan.destination = trial.destinations.front();
    plan.served = trial.destinations;
    plan.schedule = trial.schedule;
    plan.ends_when_served = true;
    for (const Endpoint& destination : trial.destinations) {
      plan.never.insert(destination.port);
      plan.local_addresses.push_back(destination.address);
    }
    Played played{.trace = std::unexpected(StageFailure{StageFailure::Kind::kError, "did not return"}),
                  .conversations = {}};
    boost::asio::co_spawn(
        context_,
        [&]() -> boost::asio::awaitable<void> {
          Stage stage(performance_, plan);
          auto done = co_await play_schedule(stage);
          played.trace = done ? StageResult<Trace>(stage.trace()) : std::unexpected(done.error());
          if (!done) co_return;
          played.conversations = testing::conversations_of(stage.recorder().packets());
          played.left_out = stage.recorder().packets().left_out();
        },
        boost::asio::detached);
    context_.restart();
    context_.run();
    return played;
  }

 private:
  boost::asio::io_context context_;
  CheckOptions options_;
  CheckObserver nobody_;
  Performance performance_{.context = context_,
                           .options = options_,
                           .observer = nobody_,
                           .interruption = [] {},
                           .engine = BestEngine{EngineChoice::kNotify, "for schedules"}};
};

// Why an attempt may have met something else: an earlier self-connection of the target still had the port when the attempt
// before this one, at whatever destination, had been dealt with.
bool was_held(const ScheduledAttempt& attempt, const std::vector<Conversation>& self_connections,
              std::size_t not_before) {
  if (attempt.instead.find("held by the target's own self-connection") == std::string::npos) return false;
  return std::ranges::any_of(self_connections, [&](const Conversation& conversation) {
    return testing::end_of(conversation) >= not_before;
  });
}

// What the client saw, for which events.
bool may_see(const ScheduledAttempt& attempt, const std::string& seen) {
  if (!attempt.instead.empty()) return seen == "refused";
  switch (attempt.event.kind) {
    case EventKind::kRefuse:
      return seen == "refused";
    case EventKind::kSelf:
      return seen == "self";
    case EventKind::kExhausted:
      return seen == "exhausted";
    case EventKind::kDrop:
      return seen == "unanswered";
    case EventKind::kReset:
    case EventKind::kScript:
      return seen == "connected" || seen == "reset";
    default:
      return seen == "connected";
  }
}

// The notes of the client, by destination: what it saw, without an order, for its threads overtake each other in writing.
std::map<std::size_t, std::vector<std::string>> notes_of(const OutputText& out) {
  std::map<std::size_t, std::vector<std::string>> notes;
  std::istringstream lines(out.head + out.tail);
  std::size_t destination = 0;
  for (std::string what; lines >> destination >> what;) notes[destination].push_back(what);
  return notes;
}

std::string contradicts_notes(const std::vector<const ScheduledAttempt*>& attempts,
                              std::vector<std::string> seen) {
  if (attempts.size() != seen.size()) return fmt::format("the client saw {} attempts", seen.size());
  // Those for which more than one thing may be seen come last.
  std::vector<const ScheduledAttempt*> ordered(attempts);
  std::ranges::partition(ordered, [](const auto* attempt) {
    return !(may_see(*attempt, "connected") && may_see(*attempt, "reset"));
  });
  for (const ScheduledAttempt* attempt : ordered) {
    const auto found =
        std::ranges::find_if(seen, [&](const std::string& what) { return may_see(*attempt, what); });
    if (found == seen.end()) {
      return fmt::format("the client saw no {}: {}", print(attempt->event), fmt::join(seen, " "));
    }
    seen.erase(found);
  }
  return "";
}

// Of one destination. `begins` has the SYNs of all attempts in the order they were dealt with.
std::string out_of_step(const Trial& trial, const std::vector<const ScheduledAttempt*>& attempts,
                        const std::vector<Conversation>& conversations,
                        const std::map<const ScheduledAttempt*, std::size_t>& not_before) {
  std::vector<Conversation> self_connections;
  std::size_t next = 0;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const ScheduledAttempt& attempt = *attempts[i];
    const std::string name = fmt::format("attempt {} at {} ({})", attempt.number, attempt.destination.text(),
                                         print(attempt.event));
    if (attempt.number != i + 1) return name + ": its number";
    if (attempt.event != event_of(trial.schedule, i + 1)) return name + ": its event";
    if (attempt.event.kind == EventKind::kExhausted) {
      if (!attempt.instead.empty() || attempt.source_port != 0) return name + ": it has a port";
      continue;
    }
    if (next == conversations.size()) return name + ": no SYN, " + attempt.instead;
    const Conversation& conversation = conversations[next++];
    if (conversation.source_port != attempt.source_port) {
      return fmt::format("{}: from port {}, not {}", name, conversation.source_port, attempt.source_port);
    }
    const Event met =
        attempt.instead.empty() ? attempt.event : Event{.kind = EventKind::kRefuse, .amount = 0, .steps = {}};
    if (!attempt.instead.empty() && !was_held(attempt, self_connections, not_before.at(&attempt))) {
      return fmt::format("{}: instead: {}", name, attempt.instead);
    }
    if (const auto why = contradiction(met, conversation, kGreeting); !why.empty()) {
      return fmt::format("{}: {}:{}", name, why, conversation.text());
    }
    const bool from_itself = conversation.source_port == attempt.destination.port;
    if (from_itself != (met.kind == EventKind::kSelf)) return name + ": its source port";
    if (from_itself) self_connections.push_back(conversation);
  }
  if (next != conversations.size()) return fmt::format("{} more SYNs", conversations.size() - next);
  return "";
}

std::string out_of_step(const Trial& trial, const Player::Played& played) {
  if (!played.trace) return played.trace.error().reason;
  const Trace& trace = *played.trace;
  if (trace.ended.how != Ended::How::kExit || trace.ended.code != 0)
    return fmt::format("the client did not end: {} {}", ended_name(trace.ended.how), trace.ended.stop_reason);
  if (played.left_out > 0 || trace.packets_lost > 0) return "the capture lacks packets";
  std::map<Endpoint, std::vector<const ScheduledAttempt*>> attempts;
  std::map<const ScheduledAttempt*, std::size_t> not_before;
  std::size_t begun = 0;  // the newest SYN
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    auto& there = attempts[attempt.destination];
    there.push_back(&attempt);
    not_before[&attempt] = begun;
    if (attempt.event.kind == EventKind::kExhausted) continue;
    const auto place = static_cast<std::size_t>(std::ranges::count_if(
        there, [](const auto* one) { return one->event.kind != EventKind::kExhausted; }));
    const auto known = played.conversations.find(attempt.destination);
    if (known == played.conversations.end() || known->second.size() < place) continue;  // said below
    begun = known->second[place - 1].begin();
  }
  const auto notes = notes_of(trace.out);
  for (std::size_t i = 0; i < trial.destinations.size(); ++i) {
    const Endpoint& destination = trial.destinations[i];
    const auto& there = attempts[destination];
    if (there.size() != length(trial.schedule) + kServed) return fmt::format("{} attempts", there.size());
    const auto known = played.conversations.find(destination);
    const auto& conversations =
        known == played.conversations.end() ? std::vector<Conversation>() : known->second;
    if (auto why = out_of_step(trial, there, conversations, not_before); !why.empty()) return why;
    const auto seen = notes.find(i);
    if (seen == notes.end()) return "the client saw nothing";
    if (auto why = contradicts_notes(there, seen->second); !why.empty()) return why;
  }
  return "";
}

class ScheduleStepTest : public testing::InWorld {};

TEST_F(ScheduleStepTest, AttemptNMeetsEventN) {
  const std::uint64_t count = number_from("SELFCONNECT_SCHEDULES", 200);
  const std::uint64_t first = number_from("SELFCONNECT_SEED", 1);
  fmt::print("seeds {} to {}\n", first, first + count - 1);
  Player player;
  int wrong = 0;
  std::uint64_t attempts = 0, refused_instead = 0;
  for (std::uint64_t seed = first; seed < first + count && wrong < kMostReported; ++seed) {
    const Trial trial = draw(seed);
    const auto played = player.play(trial);
    const std::string why = out_of_step(trial, played);
    if (!why.empty()) ++wrong;
    EXPECT_EQ(why, "") << describe(seed, trial);
    if (!played.trace) continue;
    attempts += played.trace->scheduled.size();
    refused_instead += static_cast<std::uint64_t>(std::ranges::count_if(
        played.trace->scheduled, [](const ScheduledAttempt& attempt) { return !attempt.instead.empty(); }));
  }
  fmt::print("{} attempts, {} of them refused, for the client held the port itself\n", attempts,
             refused_instead);
}

}  // namespace
}  // namespace selfconnect
