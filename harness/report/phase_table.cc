// SPDX-License-Identifier: MIT
#include "harness/report/phase_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "harness/report/readable.h"
#include "harness/report/run_facts.h"
#include "harness/report/schedule_text.h"

namespace selfconnect {

namespace {

using Row = std::array<std::string, 6>;
constexpr std::size_t kEndedColumn = 4;  // text, as is the first; figures stand to the right

std::string signal_text(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

// "exit 0", "SIGSEGV", "stopped: timeout"
std::string ended_text(const Ended& ended) {
  switch (ended.how) {
    case Ended::How::kExit:
      return fmt::format("exit {}", ended.code);
    case Ended::How::kSignal:
      return signal_text(ended.code);
    case Ended::How::kStopped:
      break;
  }
  return ended.stop_reason.empty() ? "stopped" : fmt::format("stopped: {}", ended.stop_reason);
}

std::string first_text(const Trace& trace) {
  const Attempt* first = first_self_connection(trace);
  if (first == nullptr) return "-";
  return fmt::format("{} (#{})", duration_text(decided_at(*first)), first->number);
}

Row row_of(const Trace& trace) {
  return {std::string(phase_name(trace.phase)),
          std::to_string(trace.attempts.total),
          std::to_string(trace.attempts.self_connected),
          first_text(trace),
          visible(ended_text(trace.ended)),
          duration_text(trace.ended.at)};
}

std::string row_text(const Row& row, const Row& widest) {
  std::string line = " ";
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool is_text = i == 0 || i == kEndedColumn;
    const std::string padding(columns(widest[i]) - columns(row[i]), ' ');
    line += is_text ? fmt::format(" {}{} ", row[i], padding) : fmt::format(" {}{} ", padding, row[i]);
  }
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

std::string controls_text(const Run& run) {
  const auto ran = [&](Phase phase) {
    return std::ranges::find(run.traces, phase, &Trace::phase) != run.traces.end();
  };
  std::string text;
  if (std::ranges::any_of(run.traces, [](const Trace& trace) { return is_control(trace.phase); })) {
    text = "refused, healthy and same-port are controls: the target without a self-connection.";
  }
  if (ran(Phase::kSchedule) && !text.empty())
    text = "refused and healthy are controls: the target without the schedule.";
  if (ran(Phase::kSingleEvent)) text += " single-event: what it does after that one event alone.";
  return text;
}

// What the last column but one says, where it needs a word.
std::string stops_text(const Run& run) {
  const auto stopped = [&](auto reason) {
    return std::ranges::any_of(run.traces, [&](const Trace& trace) {
      return trace.ended.how == Ended::How::kStopped && reason(trace.ended.stop_reason);
    });
  };
  if (!stopped([](const std::string&) { return true; })) return "";
  std::string text = "stopped: ended by selfconnect; decided: because there was nothing more to learn.";
  if (stopped([](const std::string& reason) { return reason == "blocked"; })) {
    text += " blocked: because the target waited without a time limit, and nothing could come.";
  }
  return text;
}

std::string engine_text(const Run& run) {
  if (run.engine_reason.empty()) return "";
  return fmt::format("engine {}: {}.", visible(run.engine), visible(run.engine_reason));
}

std::string remarks(const Run& run, const ConsoleStyle& style) {
  std::string text = schedule_lines(run, style);
  for (const auto& [phase, reason] : run.not_run) {
    text += hanging(fmt::format("  {:<12}  ", phase_name(phase)), "not run: " + visible(reason), style.width);
  }
  for (const std::string& remark : {controls_text(run), stops_text(run), engine_text(run)}) {
    if (!remark.empty()) text += hanging("  ", remark, style.width);
  }
  std::uint64_t lost = 0;
  for (const Trace& trace : run.traces) lost += trace.packets_lost;
  if (lost > 0) {
    text += hanging("  ",
                    fmt::format("{} not captured: there may have been more attempts than counted here.",
                                quantity(lost, "packet")),
                    style.width);
  }
  return text;
}

}  // namespace

std::string phase_table(const Run& run, const ConsoleStyle& style) {
  const Row head = {"phase", "attempts", "self-connects", "first after", "ended", "took"};
  std::vector<Row> rows = {head};
  for (const Trace& trace : run.traces) rows.push_back(row_of(trace));
  Row widest = head;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widest[i] = std::max(widest[i], row[i], [](auto& a, auto& b) { return columns(a) < columns(b); });
  }

  std::string text = inked(style, Ink::kFaint, row_text(head, widest));
  std::optional<Endpoint> destination;
  for (std::size_t i = 0; i < run.traces.size(); ++i) {
    const auto& own = run.traces[i].destination;
    if (run.destinations.size() > 1 && own && own != destination) {
      text += fmt::format("  to {}\n", own->text());
      destination = own;
    }
    text += row_text(rows[i + 1], widest);
  }
  return text + remarks(run, style);
}

}  // namespace selfconnect
