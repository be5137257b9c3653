// SPDX-License-Identifier: MIT
#include "harness/schedule/draw.h"

#include <algorithm>
#include <bit>

#include "harness/schedule/draw_steps.h"

namespace selfconnect {

namespace {

std::uint32_t least_amount(EventKind kind) { return kind == EventKind::kGarbage ? 1 : 0; }

// Anew, or near to what it was: off by one, half, double.
std::uint32_t draw_other_amount(RandomSource& random, std::uint32_t amount, std::uint32_t least) {
  switch (random.below(5)) {
    case 0:
      return std::max(amount, least + 1) - 1;
    case 1:
      return std::min(amount + 1, kMostBytes);
    case 2:
      return std::max(amount / 2, least);
    case 3:
      return std::min(amount * 2, kMostBytes);
    default:
      return draw_log_uniform(random, least, kMostBytes);
  }
}

}  // namespace

std::uint32_t draw_log_uniform(RandomSource& random, std::uint32_t least, std::uint32_t most) {
  const std::uint32_t span = most - least + 1;
  const std::uint32_t low = 1U << random.below(static_cast<std::uint32_t>(std::bit_width(span)));
  const std::uint32_t high = std::min(span, 2 * low - 1);
  return least + low + random.below(high - low + 1) - 1;
}

EventKind draw_kind(RandomSource& random) { return static_cast<EventKind>(random.below(kEventKinds)); }

Event draw_event(RandomSource& random, EventKind kind) {
  Event event{.kind = kind, .amount = 0, .steps = {}};
  if (kind == EventKind::kGarbage || kind == EventKind::kTruncate) {
    event.amount = draw_log_uniform(random, least_amount(kind), kMostBytes);
  } else if (kind == EventKind::kScript) {
    event.steps = draw_steps(random);
  }
  return event;
}

Event draw_change(RandomSource& random, const Event& event) {
  Event changed = event;
  if (event.kind == EventKind::kGarbage || event.kind == EventKind::kTruncate) {
    changed.amount = draw_other_amount(random, event.amount, least_amount(event.kind));
  } else if (event.kind == EventKind::kScript) {
    changed.steps = draw_changed_steps(random, event.steps);
  } else {
    changed = draw_event(random, draw_kind(random));
  }
  return changed;
}

}  // namespace selfconnect
