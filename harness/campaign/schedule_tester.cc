// SPDX-License-Identifier: MIT
#include "harness/campaign/schedule_tester.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/campaign/features.h"
#include "harness/judge/scheduled.h"
#include "harness/schedule/shrink.h"

namespace selfconnect {

namespace {

using Depth = ScheduleRunner::Depth;

constexpr std::uint32_t kMostConfirmations = 3;  // whole runs, until one shows it
constexpr std::uint32_t kMostRetries = 8;        // of a flaky finding, with other schedules that show it
constexpr std::uint32_t kMostMerged = 2;         // times that a fault is found to be of plainer events
constexpr std::size_t kMostShrinkRuns = 200;
constexpr std::size_t kMostWholeShrinkRuns = 50;  // they take their time
constexpr std::uint32_t kMostErrorsInARow = 8;

const Finding* find_key(const CheckResult& result, const FindingKey& key) {
  for (const Finding& finding : result.judgement.findings) {
    if (finding.counted && key_of(finding, result.run) == key) return &finding;
  }
  return nullptr;
}

// The same fault at another event, which is not one that `before` has shown beside it.
const Finding* find_fault(const CheckResult& result, const FindingKey& key, const CheckResult& before) {
  for (const Finding& finding : result.judgement.findings) {
    if (!finding.counted || finding.rule != key.rule) continue;
    const FindingKey other = key_of(finding, result.run);
    if (other != key && other.fault == key.fault && find_key(before, other) == nullptr) return &finding;
  }
  return nullptr;
}

// Whether the far end came to the end of its answers before it was to break off.
bool was_cut_nowhere(const Run& run, const Event& event) {
  const Trace* trace = schedule_trace(run);
  if (trace == nullptr) return false;
  return std::ranges::all_of(trace->scheduled, [&](const ScheduledAttempt& attempt) {
    return attempt.event != event || (attempt.peer && attempt.peer->sent < event.amount);
  });
}

bool says_nothing(const Event& script) {
  return std::ranges::none_of(script.steps, [](const Step& step) { return step.what == Step::What::kSay; });
}

// With the plain event in place of one that came to nothing else: an answer that was cut nowhere, a script without words.
Schedule in_plain_events(Schedule schedule, const Run& run) {
  for (Entry& entry : schedule.entries) {
    const EventKind kind = entry.event.kind;
    if (kind == EventKind::kTruncate && was_cut_nowhere(run, entry.event)) {
      entry.event = Event{.kind = EventKind::kServe};
    } else if (kind == EventKind::kScript && says_nothing(entry.event)) {
      entry.event = wordless(entry.event.steps.back());
    }
  }
  return normal_form(std::move(schedule));
}

}  // namespace

ScheduleTester::ScheduleTester(TesterParts parts, FindingStore store, Board& board, WorkerCell& cell,
                               std::uint64_t seed)
    : parts_(std::move(parts)), store_(std::move(store)), board_(board), cell_(cell), seed_(seed) {}

// Nothing where the run is worth nothing: it was interrupted, or its target contained.
std::optional<CheckResult> ScheduleTester::play(const Schedule& schedule, Depth depth) {
  CheckResult result = parts_.play(schedule, depth);
  ++cell_.runs;
  const auto reason = parts_.contained();
  was_contained_ = reason.has_value();
  if (reason) {
    parts_.say({WorkerMessage::What::kContained, fmt::format("{}{}{}", *reason, kUnder, print(schedule))});
    return std::nullopt;
  }
  if (stopped()) return std::nullopt;
  return result;
}

ScheduleTester::Ran ScheduleTester::test(std::string_view input, std::span<std::uint8_t> counters) {
  const auto schedule = parse_schedule(input);
  if (!schedule) return Ran::kRejected;
  if (!board_.take_run()) return Ran::kOver;
  const auto result = play(*schedule, Depth::kQuick);
  parts_.played();
  if (board_.going != Going::kOn) return Ran::kOver;  // it may have been interrupted
  if (!result) return Ran::kPlayed;
  if (result->judgement.verdict == Verdict::kError) return fail(*result);
  errors_in_a_row_ = 0;
  if (result->judgement.verdict == Verdict::kSkip) return leave_unjudged(*result);
  unjudged_in_a_row_ = 0;
  ++cell_.judged;
  for (const std::uint64_t feature : features_of(*result)) counters[feature % counters.size()] = 1;
  for (const Finding& finding : result->judgement.findings) {
    if (finding.counted && !stopped()) follow_up(*schedule, *result, finding);
  }
  return Ran::kPlayed;
}

ScheduleTester::Ran ScheduleTester::fail(const CheckResult& result) {
  if (++errors_in_a_row_ < kMostErrorsInARow) return Ran::kPlayed;
  parts_.say({WorkerMessage::What::kError,
              fmt::format("{} runs in a row failed: {}", errors_in_a_row_, result.judgement.reason)});
  return Ran::kOver;
}

// As of a target that dials through io_uring, and so past the stop at connect().
ScheduleTester::Ran ScheduleTester::leave_unjudged(const CheckResult& result) {
  const std::string& why = result.judgement.reason;
  parts_.say({WorkerMessage::What::kUnjudged, why});
  if (++unjudged_in_a_row_ < kMostErrorsInARow) return Ran::kPlayed;
  parts_.say({WorkerMessage::What::kSkip, why});
  return Ran::kOver;
}

void ScheduleTester::leave_unsaved(const std::string& name, const Error& why) {
  parts_.say({WorkerMessage::What::kUnsaved, fmt::format("{} {}", name, why.message)});
}

void ScheduleTester::follow_up(const Schedule& schedule, const CheckResult& result, const Finding& finding) {
  const FindingKey key = key_of(finding, result.run);
  const std::string name = key.name();
  if (settled_.contains(name)) return;
  const auto claimed = store_.claim(name, print(schedule));
  if (!claimed) {
    // Tried again when it is met again: the disk may have room then.
    return leave_unsaved(name, claimed.error());
  }
  switch (*claimed) {
    case FindingStore::Claim::kMine:
      return settle(schedule, result, finding, key, Sighting::kFirst);
    case FindingStore::Claim::kKnown:
      return meet_again(schedule, result, finding, key);
    case FindingStore::Claim::kFull:
      if (!std::exchange(said_full_, true))
        parts_.say(
            {WorkerMessage::What::kNote, fmt::format("{} findings are kept, and no more", kMostFindings)});
      return;
  }
}

void ScheduleTester::meet_again(const Schedule& schedule, const CheckResult& result, const Finding& finding,
                                const FindingKey& key) {
  const std::string name = key.name();
  const auto saved = store_.load(name);
  if (!saved) return;  // another worker is at it
  const bool is_done = !saved->flaky() && saved->minimal;
  if (is_done || retries_[name]++ == kMostRetries) {
    settled_.insert(name);
    parts_.say({WorkerMessage::What::kSeen, name});
    return;
  }
  if (!saved->flaky()) parts_.say({WorkerMessage::What::kSeen, name});
  const auto shorter = parse_schedule(saved->schedule);
  if (saved->flaky() || !shorter || length(*shorter) >= length(schedule)) {
    // This schedule may show for sure what that one did not, or is as good to begin with.
    return settle(schedule, result, finding, key, Sighting::kAgain);
  }
  const auto shorter_result = play(*shorter, Depth::kQuick);
  const Finding* shown = shorter_result ? find_key(*shorter_result, key) : nullptr;
  if (shown != nullptr) settle(*shorter, *shorter_result, *shown, key, Sighting::kAgain);
}

bool ScheduleTester::shows(const Schedule& schedule, const FindingKey& key, Depth depth,
                           std::optional<CheckResult>* last) {
  if (stopped()) return false;
  auto result = play(schedule, depth);
  const bool shown = result && find_key(*result, key) != nullptr;
  if (shown && last != nullptr) *last = std::move(result);
  return shown;
}

// Where plain events show the same fault, it is followed up as theirs.
bool ScheduleTester::is_of_plainer_events(const Schedule& schedule, const CheckResult& result,
                                          const FindingKey& key, Depth depth) {
  const Schedule plain = in_plain_events(schedule, result.run);
  if (plain == normal_form(schedule) || stopped()) return false;
  const auto plain_result = play(plain, depth);
  const Finding* shown = plain_result ? find_fault(*plain_result, key, result) : nullptr;
  if (shown == nullptr) return false;
  if (retries_[key.name()]++ == kMostMerged) settled_.insert(key.name());
  store_.abandon(key.name());
  follow_up(plain, *plain_result, *shown);
  return true;
}

// Another worker may have been at it, too.
bool ScheduleTester::improves(const SavedFinding& found) const {
  const auto there = store_.load(found.name);
  if (!there || there->flaky()) return true;
  const auto new_one = parse_schedule(found.schedule), old_one = parse_schedule(there->schedule);
  if (!new_one || !old_one) return true;
  return length(*new_one) < length(*old_one) || (found.minimal && !there->minimal);
}

void ScheduleTester::settle(const Schedule& schedule, const CheckResult& result, const Finding& finding,
                            const FindingKey& key, Sighting sighting) {
  cell_.is_settling = true;
  confirm_and_save(schedule, result, finding, key, sighting);
  cell_.is_settling = false;
}

void ScheduleTester::confirm_and_save(const Schedule& schedule, const CheckResult& result,
                                      const Finding& finding, const FindingKey& key, Sighting sighting) {
  SavedFinding saved{.name = key.name(),
                     .key = key.text,
                     .rule = finding.rule,
                     .level = finding.level,
                     .message = finding.message,
                     .schedule = print(schedule),
                     .first_schedule = print(schedule),
                     .seed = seed_,
                     .shown = 0,
                     .confirmations = 0,
                     .shrink_runs = 0,
                     .minimal = false,
                     .replay = {}};
  if (sighting == Sighting::kFirst && is_of_plainer_events(schedule, result, key, Depth::kQuick)) return;
  std::optional<CheckResult> best;
  for (std::uint32_t i = 0; saved.shown == 0 && i < kMostConfirmations && !stopped(); ++i) {
    saved.shown += shows(schedule, key, Depth::kWhole, &best) ? 1 : 0;
    saved.confirmations += was_contained_ ? 0 : 1;  // what is not judged speaks neither for it nor against it
  }
  if (saved.shown == 0 && sighting == Sighting::kAgain) return;  // it stays flaky
  if (saved.shown == 0 && (stopped() || saved.confirmations == 0))
    return parts_.say({WorkerMessage::What::kUnsettled, saved.name});

  if (saved.shown > 0) {
    const auto shrink = [&](Depth depth, std::size_t most_runs) {
      const Shrunk shrunk = shrink_schedule(
          schedule,
          [&](const Schedule& shorter) {
            return shows(shorter, key, depth, depth == Depth::kWhole ? &best : nullptr);
          },
          most_runs);
      saved.shrink_runs += static_cast<std::uint32_t>(shrunk.runs);
      const bool holds = depth == Depth::kWhole || shrunk.schedule == schedule ||
                         shows(shrunk.schedule, key, Depth::kWhole, &best);
      if (holds) {
        saved.schedule = print(shrunk.schedule);
        saved.minimal = shrunk.minimal && !stopped();
      }
      return holds;
    };
    // What a quick run shows may not hold for a whole one.
    if (!shrink(Depth::kQuick, kMostShrinkRuns) && !stopped()) shrink(Depth::kWhole, kMostWholeShrinkRuns);
  }
  const CheckResult& evidence = best ? *best : result;
  if (const auto shortest = parse_schedule(saved.schedule);
      sighting == Sighting::kFirst && saved.shown > 0 && shortest &&
      is_of_plainer_events(*shortest, evidence, key, Depth::kWhole))
    return;
  if (sighting == Sighting::kAgain && !improves(saved)) return;
  if (const Finding* shown = find_key(evidence, key)) saved.message = shown->message;
  saved.replay = parts_.replay_command(store_.directory_of(saved.name).string());
  if (auto written = store_.save(saved, parts_.report(evidence)); !written) {
    if (sighting == Sighting::kFirst) store_.abandon(saved.name);
    return leave_unsaved(saved.name, written.error());
  }
  if (!saved.flaky() && saved.minimal) settled_.insert(saved.name);
  parts_.say({WorkerMessage::What::kFinding, saved.name});
}

}  // namespace selfconnect
