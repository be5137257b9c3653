// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/mutate.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "harness/schedule/draw.h"
#include "harness/schedule/generate.h"

namespace selfconnect::vnet {

namespace {

constexpr std::size_t kMostSaid = 512;     // by one step, of those that are made up
constexpr std::uint32_t kLongOneIn = 512;  // for clients that spin, and what they do in the long run
constexpr std::uint32_t kLong = 1'100;     // attempts
constexpr std::uint32_t kFreshOneIn = 16;  // so that the search does not stay with what it began with

// Half of them have up to 4 attempts, a quarter up to 8, and so on, up to the limit: most faults need few.
GenerateLimits limits(RandomSource& random, std::uint64_t most_attempts) {
  constexpr std::uint64_t kShort = 4;
  const int doublings = std::countr_zero(random.next() | (1ULL << 32));
  return {.most_attempts = std::min(most_attempts, kShort << doublings)};
}

std::vector<std::string*> all_that_is_said(Schedule& schedule) {
  std::vector<std::string*> texts;
  for (Entry& entry : schedule.entries) {
    for (Step& step : entry.event.steps) {
      if (step.what == Step::What::kSay) texts.push_back(&step.bytes);
    }
  }
  return texts;
}

void change_text(std::string& text, ChangeBytes change_bytes) {
  const std::size_t size = text.size();
  text.resize(std::max(size, kMostSaid));
  const std::size_t changed = change_bytes(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size());
  text.resize(std::max<std::size_t>(1, changed));
}

// A peer that is asked, says one thing, and perhaps ends: for want of anything that is said.
Event draw_speaker(RandomSource& random) {
  Event event = draw_event(random, EventKind::kScript);
  const bool speaks =
      std::ranges::any_of(event.steps, [](const Step& step) { return step.what == Step::What::kSay; });
  if (!speaks) {
    event.steps.insert(
        event.steps.begin(),
        {.what = Step::What::kSay, .amount = 0, .bytes = std::string(1 + random.below(8), '0')});
  }
  return event;
}

bool within_limits(const Schedule& schedule) {
  std::size_t said = 0;
  for (const Entry& entry : schedule.entries) {
    for (const Step& step : entry.event.steps) said += step.bytes.size();
  }
  return said <= kMostBytes;
}

// More of it shows nothing new and takes its time.
Schedule with_less_garbage(Schedule schedule) {
  constexpr std::uint32_t kMostGarbage = 1 << 14;
  for (Entry& entry : schedule.entries) {
    Event& event = entry.event;
    if (event.kind == EventKind::kGarbage) event.amount = std::min(event.amount, kMostGarbage);
  }
  return normal_form(std::move(schedule));
}

Schedule changed(const Schedule& schedule, RandomSource& random, std::uint64_t most_attempts,
                 ChangeBytes change_bytes) {
  if (random.below(kFreshOneIn) == 0) return generate_schedule(random, limits(random, most_attempts));
  if (change_bytes == nullptr || random.below(2) == 0)
    return mutate_schedule(schedule, random, limits(random, most_attempts));
  Schedule mutant = schedule;
  if (all_that_is_said(mutant).empty())
    mutant.entries.insert(
        mutant.entries.begin() + random.below(static_cast<std::uint32_t>(mutant.entries.size() + 1)),
        {.event = draw_speaker(random), .count = 1});
  const std::vector<std::string*> texts = all_that_is_said(mutant);
  change_text(*texts[random.below(static_cast<std::uint32_t>(texts.size()))], change_bytes);
  mutant = normal_form(std::move(mutant));
  return within_limits(mutant) && length(mutant) <= most_attempts
             ? mutant
             : mutate_schedule(schedule, random, limits(random, most_attempts));
}

}  // namespace

Schedule mutated(const Schedule& schedule, RandomSource& random, std::uint64_t most_attempts,
                 ChangeBytes change_bytes) {
  Schedule mutant = with_less_garbage(changed(schedule, random, most_attempts, change_bytes));
  if (!mutant.entries.empty() && random.below(kLongOneIn) == 0) {
    mutant.entries[random.below(static_cast<std::uint32_t>(mutant.entries.size()))].count = kLong;
  }
  return mutant;
}

}  // namespace selfconnect::vnet
