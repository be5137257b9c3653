// SPDX-License-Identifier: MIT
#include "harness/judge/growth.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "harness/judge/observed.h"

namespace selfconnect {

namespace {

constexpr std::size_t kFewestWindows = 3;
constexpr std::size_t kMostWindows = 5;

struct Point {
  std::uint64_t attempts;
  Instant at;
  double value;
};

std::uint64_t most_attempts_to_one_destination(const Trace& trace) {
  std::uint64_t most = 0;
  for (const Attempt& attempt : trace.attempts.kept) most = std::max(most, attempt.number);
  return most;
}

// The least point of each window of equal attempts; windows without a sample are left out.
std::vector<Point> window_minima(const std::vector<Point>& points) {
  std::set<std::uint64_t> distinct;
  for (const Point& point : points) distinct.insert(point.attempts);
  const std::size_t windows = std::min(kMostWindows, distinct.size());
  if (windows < kFewestWindows) return {};

  const std::uint64_t low = points.front().attempts;
  const std::uint64_t width = points.back().attempts - low + 1;
  std::map<std::uint64_t, Point> minima;
  for (const Point& point : points) {
    const auto [known, added] = minima.try_emplace((point.attempts - low) * windows / width, point);
    if (!added && point.value < known->second.value) known->second = point;
  }
  std::vector<Point> found;
  for (const auto& [window, point] : minima) found.push_back(point);
  return found.size() < kFewestWindows ? std::vector<Point>() : found;
}

double pace(const Point& from, const Point& to) {
  return to.attempts == from.attempts
             ? 0
             : (to.value - from.value) / static_cast<double>(to.attempts - from.attempts);
}

// Within the last window: a pool that has just filled up.
bool stops_growing(const Point& last_minimum, const Point& last, double pace_before) {
  const double expected = pace_before * static_cast<double>(last.attempts - last_minimum.attempts);
  return last.attempts >= last_minimum.attempts + 2 && expected >= 1 &&
         last.value - last_minimum.value < expected / 2;
}

std::optional<Growth> growth_of(std::vector<Point> points) {
  const std::uint64_t first = points.front().attempts;
  const std::uint64_t warm_up = first + (points.back().attempts - first) / 4;
  std::erase_if(points, [&](const Point& point) { return point.attempts <= warm_up; });
  const auto minima = window_minima(points);
  if (minima.empty()) return std::nullopt;
  const Point& middle = minima.at(minima.size() / 2);
  return Growth{.windows = minima.size(),
                .first = minima.front().value,
                .last = minima.back().value,
                .first_at = minima.front().at,
                .last_at = minima.back().at,
                .attempts = minima.back().attempts - minima.front().attempts,
                .steady = std::ranges::adjacent_find(minima, std::ranges::greater_equal(), &Point::value) ==
                          minima.end(),
                .slowing = pace(middle, minima.back()) < pace(minima.front(), middle) / 2 ||
                           stops_growing(minima.back(), points.back(), pace(minima.front(), minima.back()))};
}

}  // namespace

std::vector<Growth> measure_growth(const Trace& trace, const SampleValue& value) {
  if (most_attempts_to_one_destination(trace) < kLeastAttempts) return {};
  struct Process {
    std::string name;
    std::vector<Point> points;
  };
  std::map<std::int32_t, Process> processes;
  for (const ProcessSample& sample : trace.samples) {
    if (sample.state == 'Z' || sample.state == 'X') continue;  // has let go of everything
    if (sample.at > watched_until(trace)) break;               // tidies up on our signal
    Process& process = processes[sample.pid];
    process.name = sample.name;
    process.points.push_back({sample.attempts, sample.at, value(sample)});
  }
  std::vector<Growth> found;
  for (auto& [pid, process] : processes) {
    auto growth = growth_of(std::move(process.points));
    if (!growth) continue;
    growth->pid = pid;
    growth->name = process.name;
    found.push_back(*std::move(growth));
  }
  return found;
}

}  // namespace selfconnect
