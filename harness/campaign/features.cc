// SPDX-License-Identifier: MIT
#include "harness/campaign/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <map>
#include <vector>

#include "harness/campaign/finding_key.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

namespace {

constexpr std::size_t kMostLines = 64;  // of each stream
constexpr std::size_t kMostLine = 200;

// FNV-1a, and a finalizer, for its low bits are weak.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char byte : text) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return RandomSource::mix(value);
}

// 0, 1, 2, 3-4, 5-8, ...
int size_class(std::uint64_t count) {
  return std::bit_width(count == 0 ? 0 : count - 1) + (count > 0 ? 1 : 0);
}

// An attempt in two grains.
struct Symbol {
  std::string coarse;  // "self closed"
  std::string fine;    // with amounts and the peer's view
  EventKind event = EventKind::kServe;
  Instant at{};
};

const Attempt* packets_of(const Trace& trace, const ScheduledAttempt& scheduled) {
  const auto found = std::ranges::find_if(trace.attempts.kept, [&](const Attempt& attempt) {
    return attempt.destination == scheduled.destination && attempt.source.port == scheduled.source_port &&
           attempt.at >= scheduled.at;
  });
  return found == trace.attempts.kept.end() ? nullptr : &*found;
}

std::string peer_text(const PeerView& peer) {
  std::string text;
  for (const PeerMove& move : peer.moves) {
    text += fmt::format(" {}{}", peer_move_name(move.what), size_class(move.bytes));
  }
  return text;
}

Symbol symbol_of(const Trace& trace, const ScheduledAttempt& scheduled) {
  Symbol symbol{.coarse = std::string(scheduled.instead.empty() ? event_name(scheduled.event.kind) : "held"),
                .fine = {},
                .event = scheduled.event.kind,
                .at = scheduled.at};
  std::string amounts;
  if (const Attempt* seen = packets_of(trace, scheduled)) {
    symbol.coarse += fmt::format(" {} {}{}", outcome_name(seen->outcome), ending_name(seen->ending),
                                 seen->ended_by == Side::kTarget ? " target" : "");
    if (seen->sent > 0) symbol.coarse += " sent";
    amounts = fmt::format(" {}", size_class(seen->sent));
  }
  symbol.fine = symbol.coarse + amounts;
  if (scheduled.peer) symbol.fine += peer_text(*scheduled.peer);
  return symbol;
}

// Attempts in order, destination by destination.
std::vector<std::vector<Symbol>> symbols_of(const Trace& trace) {
  std::map<Endpoint, std::vector<Symbol>> by_destination;
  for (const ScheduledAttempt& scheduled : trace.scheduled) {
    by_destination[scheduled.destination].push_back(symbol_of(trace, scheduled));
  }
  std::vector<std::vector<Symbol>> all;
  for (auto& [destination, symbols] : by_destination) all.push_back(std::move(symbols));
  return all;
}

class Collector {
 public:
  void add(std::string_view kind, std::string_view text) {
    features_.insert(hash(fmt::format("{}:{}", kind, text)));
  }

  void add_judgement(const CheckResult& result) {
    for (const RuleReport& report : result.judgement.rules) {
      add("rule", fmt::format("{} {}", report.rule->id, report.outcome.index()));
    }
    for (const Finding& finding : result.judgement.findings) {
      if (finding.counted) add("finding", key_of(finding, result.run).text);
    }
  }

  void add_attempts(const std::vector<Symbol>& symbols) {
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      add("attempt", symbols[i].fine);
      if (i >= 1) add("pair", fmt::format("{}, {}", symbols[i - 1].coarse, symbols[i].coarse));
      if (i >= 2) {
        add("triple", fmt::format("{}, {}, {}", event_name(symbols[i - 2].event),
                                  event_name(symbols[i - 1].event), symbols[i].coarse));
      }
      if (i + 1 < symbols.size()) add_wait(symbols[i].event, symbols[i + 1].at - symbols[i].at);
    }
    add("attempts", fmt::format("{}", size_class(symbols.size())));
    const auto selves = std::ranges::count(symbols, EventKind::kSelf, &Symbol::event);
    add("selves", fmt::format("{}", std::min<std::ptrdiff_t>(selves, 8)));
  }

  void add_output(std::string_view stream, std::string_view text) {
    std::string before = "^";
    for (std::size_t i = 0; i < kMostLines && !text.empty(); ++i) {
      const auto end = text.find('\n');
      std::string line = squashed(text.substr(0, end));
      add(stream, line);
      add(stream, fmt::format("{}\n{}", before, line));
      before = std::move(line);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }

  [[nodiscard]] Features take() && { return std::move(features_); }

 private:
  void add_wait(EventKind event, Instant wait) {
    const auto ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, wait / std::chrono::milliseconds(1)));
    add("wait", fmt::format("{} {}", event_name(event), (std::bit_width(ms) + 2) / 3));
  }

  Features features_;
};

}  // namespace

std::string squashed(std::string_view line) {
  std::string text;
  line = line.substr(0, kMostLine);
  for (std::size_t i = 0; i < line.size();) {
    const auto is_digit = [&](std::size_t at) {
      return at < line.size() && std::isdigit(static_cast<unsigned char>(line[at])) != 0;
    };
    const auto is_hex = [&](std::size_t at) {
      return at < line.size() && std::isxdigit(static_cast<unsigned char>(line[at])) != 0;
    };
    if (!is_digit(i)) {
      text += line[i++];
      continue;
    }
    text += '#';
    if (line[i] == '0' && i + 1 < line.size() && line[i + 1] == 'x') {
      for (i += 2; is_hex(i);) ++i;
    } else {
      while (is_digit(i)) ++i;
    }
  }
  return text;
}

Features features_of(const CheckResult& result) {
  Collector collector;
  collector.add_judgement(result);
  for (const Trace& trace : result.run.traces) {
    if (trace.phase != Phase::kSchedule) continue;
    const auto all = symbols_of(trace);
    for (const auto& symbols : all) collector.add_attempts(symbols);
    const std::string end = own_end(trace.ended).value_or(fmt::format("stopped {}", trace.ended.stop_reason));
    const std::string_view last =
        trace.scheduled.empty() ? "none" : event_name(trace.scheduled.back().event.kind);
    collector.add("end", end);
    collector.add("end", fmt::format("{} after {}", end, last));
    collector.add_output("out", trace.out.head);
    collector.add_output("err", trace.err.head);
    if (trace.held) collector.add("held", fmt::format("{}", size_class(trace.held->ended.size())));
  }
  return std::move(collector).take();
}

}  // namespace selfconnect
