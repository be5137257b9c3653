// Schedules out of schedules: the mutator and the crossing.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>
#include <vector>

#include "harness/schedule/draw.h"
#include "harness/schedule/generate.h"

namespace selfconnect {

namespace {

constexpr std::uint32_t kMostChanges = 4;
constexpr std::uint32_t kMostCopied = 8;  // entries
constexpr int kMostTries = 16;            // until a mutation does not undo itself

using Entries = std::vector<Entry>;

std::uint32_t draw_index(RandomSource& random, std::size_t size) {
  return random.below(static_cast<std::uint32_t>(size));
}

// Most often few, at times many.
std::uint32_t draw_repeat(RandomSource& random, std::uint32_t most) {
  return draw_log_uniform(random, 1, draw_log_uniform(random, 1, most));
}

// Cuts the entry in two, the first of which has `count` attempts.
void split(Entries& entries, std::size_t index, std::uint32_t count) {
  Entry rest = entries[index];
  rest.count -= count;
  entries[index].count = count;
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(rest));
}

// Index of the entry that begins at a place between two attempts, or at either end.
std::size_t draw_place(RandomSource& random, Entries& entries) {
  const std::size_t index = draw_index(random, entries.size() + 1);
  if (index == entries.size() || entries[index].count == 1 || draw_one_in(random, 2)) return index;
  split(entries, index, 1 + random.below(entries[index].count - 1));
  return index + 1;
}

// Index of an entry: one that was there, or one attempt of it.
std::size_t draw_part(RandomSource& random, Entries& entries) {
  std::size_t index = draw_index(random, entries.size());
  if (entries[index].count == 1 || draw_one_in(random, 2)) return index;
  const std::uint32_t before = random.below(entries[index].count);
  if (before > 0) split(entries, index++, before);
  if (entries[index].count > 1) split(entries, index, 1);
  return index;
}

void insert(Entries& entries, std::size_t place, Entry entry) {
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(place), std::move(entry));
}

Entry take_out(Entries& entries, std::size_t index) {
  Entry entry = std::move(entries[index]);
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(index));
  return entry;
}

void copy_some(RandomSource& random, Entries& entries) {
  const std::size_t begin = draw_index(random, entries.size());
  const std::size_t count =
      std::min<std::size_t>(draw_log_uniform(random, 1, kMostCopied), entries.size() - begin);
  const auto first = entries.begin() + static_cast<std::ptrdiff_t>(begin);
  const Entries copied(first, first + static_cast<std::ptrdiff_t>(count));
  const std::size_t place = draw_place(random, entries);
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(place), copied.begin(), copied.end());
}

void change_once(RandomSource& random, Entries& entries, std::uint32_t most) {
  const std::uint32_t change = entries.empty() ? 0 : random.below(7);
  switch (change) {
    case 0: {
      const std::size_t place = draw_place(random, entries);
      insert(entries, place,
             {.event = draw_event(random, draw_kind(random)), .count = draw_repeat(random, most)});
      break;
    }
    case 1:
      static_cast<void>(take_out(entries, draw_part(random, entries)));
      break;
    case 2:
      entries[draw_part(random, entries)].event = draw_event(random, draw_kind(random));
      break;
    case 3: {
      Entry moved = take_out(entries, draw_part(random, entries));
      const std::size_t place = draw_place(random, entries);
      insert(entries, place, std::move(moved));
      break;
    }
    case 4:
      copy_some(random, entries);
      break;
    case 5:
      entries[draw_index(random, entries.size())].count = draw_repeat(random, most);
      break;
    default: {
      Event& event = entries[draw_part(random, entries)].event;
      event = draw_change(random, event);
    }
  }
}

// In normal form, its end cut off where it is too long.
Schedule fitted(Entries entries, std::uint64_t most) {
  Schedule schedule = normal_form({.entries = std::move(entries)});
  if (schedule.entries.size() > kMostEntries) schedule.entries.resize(kMostEntries);
  std::uint64_t left = most;
  for (Entry& entry : schedule.entries) {
    entry.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(entry.count, left));
    left -= entry.count;
  }
  return normal_form(std::move(schedule));
}

}  // namespace

Schedule mutate_schedule(const Schedule& schedule, RandomSource& random, const GenerateLimits& limits) {
  const auto most = static_cast<std::uint32_t>(std::min(limits.most_attempts, kMostAttempts));
  if (most == 0) return {};
  for (int tries = 0; tries < kMostTries; ++tries) {
    Entries entries = schedule.entries;
    const std::uint32_t changes = draw_log_uniform(random, 1, kMostChanges);
    for (std::uint32_t i = 0; i < changes; ++i) change_once(random, entries, most);
    Schedule changed = fitted(std::move(entries), most);
    if (changed != schedule) return changed;
  }
  return fitted(schedule.entries, most);
}

Schedule cross_schedules(const Schedule& one, const Schedule& other, RandomSource& random,
                         const GenerateLimits& limits) {
  Entries entries = one.entries;
  Entries end = other.entries;
  entries.resize(draw_place(random, entries));
  const auto place = static_cast<std::ptrdiff_t>(draw_place(random, end));
  entries.insert(entries.end(), end.begin() + place, end.end());
  return fitted(std::move(entries), std::min(limits.most_attempts, kMostAttempts));
}

}  // namespace selfconnect
