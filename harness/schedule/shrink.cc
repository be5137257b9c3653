// SPDX-License-Identifier: MIT
#include "harness/schedule/shrink.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace selfconnect {

namespace {

// Attempts from `first`, counted from 0.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// `schedule` with `event` for each attempt of the range, or without the range.
Schedule with_range(const Schedule& schedule, Range range, const Event* event) {
  const std::uint64_t range_end = range.first + range.count;
  const auto part = [](std::uint64_t begin, std::uint64_t end) {
    return static_cast<std::uint32_t>(end > begin ? end - begin : 0);
  };
  Schedule changed;
  std::uint64_t begin = 0;
  for (const Entry& entry : schedule.entries) {
    const std::uint64_t end = begin + entry.count;
    const std::uint32_t before = part(begin, std::min(end, range.first));
    const std::uint32_t within = part(std::max(begin, range.first), std::min(end, range_end));
    const std::uint32_t after = part(std::max(begin, range_end), end);
    if (before > 0) changed.entries.push_back({.event = entry.event, .count = before});
    if (within > 0 && event != nullptr) changed.entries.push_back({.event = *event, .count = within});
    if (after > 0) changed.entries.push_back({.event = entry.event, .count = after});
    begin = end;
  }
  return normal_form(std::move(changed));
}

Event plain(EventKind kind) { return {.kind = kind, .amount = 0, .steps = {}}; }

class Shrinking {
 public:
  Shrinking(const Schedule& schedule, const std::function<bool(const Schedule&)>& shows,
            std::size_t most_runs)
      : current_(normal_form(schedule)), shows_(shows), most_runs_(most_runs), asked_{print(current_)} {}

  Shrunk run() {
    Schedule before;
    do {  // what became simpler may be left out now
      before = current_;
      leave_out();
      simplify();
    } while (before != current_ && !limited_);
    return {.schedule = std::move(current_), .runs = runs_, .minimal = !limited_};
  }

 private:
  // Asks about the candidate, unless it has been asked about; goes on from it when it shows it.
  bool take(Schedule candidate) {
    if (limited_ || !asked_.insert(print(candidate)).second) return false;
    if (runs_ == most_runs_) {
      limited_ = true;
      return false;
    }
    ++runs_;
    if (!shows_(candidate)) return false;
    current_ = std::move(candidate);
    return true;
  }

  // Runs of attempts, of half the size each time, and from the end: what comes after the cause goes first.
  void leave_out() {
    for (std::uint64_t size = length(current_); size > 0; size /= 2) {
      for (std::uint64_t end = length(current_); end > 0 && !limited_;) {
        const std::uint64_t first = end - std::min(end, size);
        take(with_range(current_, {.first = first, .count = end - first}, nullptr));
        end = first;
      }
    }
  }

  // Every entry as a whole, then attempt by attempt. No attempt comes or goes, so that places stay.
  void simplify() {
    std::uint64_t first = 0;
    while (first < length(current_) && !limited_) {
      const std::uint64_t count = same_from(first);
      simplify({.first = first, .count = count});
      for (std::uint64_t i = 0; count > 1 && i < count; ++i) simplify({.first = first + i, .count = 1});
      first += count;
    }
  }

  // How many attempts from `first` on meet the same event.
  [[nodiscard]] std::uint64_t same_from(std::uint64_t first) const {
    std::uint64_t end = 0;
    for (const Entry& entry : current_.entries) {
      end += entry.count;
      if (end > first) break;
    }
    return end - first;
  }

  void simplify(Range range) {
    const Event event = event_of(current_, range.first + 1);
    if (event.kind == EventKind::kRefuse || take_event(range, plain(EventKind::kRefuse))) return;
    if (event.kind == EventKind::kGarbage || event.kind == EventKind::kTruncate) {
      lower(event.kind == EventKind::kGarbage ? 1 : 0, event.amount, [&](std::uint32_t amount) {
        return take_event(range, {.kind = event.kind, .amount = amount, .steps = {}});
      });
    } else if (event.kind == EventKind::kScript && !take_event(range, wordless(event.steps.back()))) {
      shorten(range, event.steps);
    }
  }

  bool take_event(Range range, const Event& event) { return take(with_range(current_, range, &event)); }

  bool take_steps(Range range, std::vector<Step> steps) {
    return take_event(range, {.kind = EventKind::kScript, .amount = 0, .steps = std::move(steps)});
  }

  void shorten(Range range, std::vector<Step> steps) {
    // Most are short: single steps at once.
    for (std::size_t size = std::max<std::size_t>(steps.size() / 8, 1); size > 0; size /= 2) {
      for (std::size_t end = steps.size(); end > 0;) {
        const std::size_t first = end - std::min(end, size);
        std::vector<Step> fewer = steps;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(first),
                    fewer.begin() + static_cast<std::ptrdiff_t>(end));
        if (!fewer.empty() && take_steps(range, fewer)) steps = std::move(fewer);
        end = first;
      }
    }
    for (std::size_t i = 0; i < steps.size(); ++i) shorten_step(range, steps, i);
  }

  // Fewer bytes: the beginning of a text, then the end of that.
  void shorten_step(Range range, std::vector<Step>& steps, std::size_t index) {
    const auto take_step = [&](Step step) {
      std::vector<Step> changed = steps;
      changed[index] = std::move(step);
      if (!take_steps(range, changed)) return false;
      steps = std::move(changed);
      return true;
    };
    const Step step = steps[index];
    if (step.what == Step::What::kRead) {
      lower(1, step.amount, [&](std::uint32_t amount) {
        return take_step({.what = Step::What::kRead, .amount = amount, .bytes = {}});
      });
    }
    if (step.what != Step::What::kSay) return;
    const auto say = [&](std::string bytes) {
      return take_step({.what = Step::What::kSay, .amount = 0, .bytes = std::move(bytes)});
    };
    lower(1, static_cast<std::uint32_t>(step.bytes.size()),
          [&](std::uint32_t size) { return say(step.bytes.substr(0, size)); });
    const std::string head = steps[index].bytes;
    lower(1, static_cast<std::uint32_t>(head.size()),
          [&](std::uint32_t size) { return say(head.substr(head.size() - size)); });
  }

  // Looks for the least amount that still shows it: two runs where only this one does, else a bisection. In the end
  // neither `least` nor one less does.
  template <class Ask>
  static void lower(std::uint32_t least, std::uint32_t amount, const Ask& ask) {
    if (amount == least || ask(least)) return;
    if (amount - 1 == least || !ask(amount - 1)) return;
    std::uint32_t fails = least;
    --amount;
    while (amount - fails > 1) {
      const std::uint32_t middle = fails + (amount - fails) / 2;
      (ask(middle) ? amount : fails) = middle;
    }
  }

  Schedule current_;
  const std::function<bool(const Schedule&)>& shows_;
  std::size_t most_runs_;
  std::size_t runs_ = 0;
  bool limited_ = false;
  std::set<std::string> asked_;  // texts
};

}  // namespace

Event wordless(const Step& last) {
  switch (last.what) {
    case Step::What::kClose:
      return plain(EventKind::kClose);
    case Step::What::kReset:
      return plain(EventKind::kReset);
    case Step::What::kHalfClose:
      return plain(EventKind::kHalfClose);
    default:
      return plain(EventKind::kSilent);
  }
}

Shrunk shrink_schedule(const Schedule& schedule, const std::function<bool(const Schedule&)>& shows,
                       std::size_t most_runs) {
  return Shrinking(schedule, shows, most_runs).run();
}

}  // namespace selfconnect
