// Rule desynchronised: the first connection of the quiet window starts in another way than healthy ones.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "fuzz/vnet/session/judge.h"

namespace selfconnect::vnet {

namespace {

constexpr std::size_t kTellingBytes = 4;  // shared with the healthy start by chance: hardly

std::size_t shared_length(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// As a healthy one, to the byte: so it is nearly always.
bool is_healthy(const AttemptRecord& recovered, const std::vector<Record>& healthy) {
  return std::ranges::any_of(healthy, [&](const Record& record) {
    return std::ranges::any_of(record.attempts, [&](const AttemptRecord& attempt) {
      return attempt.to == recovered.to && attempt.sent == recovered.sent;
    });
  });
}

// What all connections of all healthy lives to this destination begin with.
std::string healthy_start(const std::vector<Record>& healthy, const Endpoint& to) {
  std::optional<std::string> start;
  for (const Record& record : healthy) {
    for (const AttemptRecord& attempt : record.attempts) {
      if (attempt.to != to) continue;
      if (!start) start = attempt.sent;
      start->resize(shared_length(*start, attempt.sent));
    }
  }
  return start.value_or("");
}

class Earlier {
 public:
  Earlier(const Record& record, std::size_t before) : record_(record), before_(before) {}

  [[nodiscard]] bool wrote(std::string_view bytes) const {
    return any([&](const AttemptRecord& attempt) { return attempt.sent.find(bytes) != std::string::npos; });
  }
  // A request that the peer took before it failed may be done for good; what follows it is the next one.
  [[nodiscard]] bool may_be_done() const {
    return any(
        [](const AttemptRecord& attempt) { return is_accepted(attempt.met) && !attempt.sent.empty(); });
  }

 private:
  template <class Is>
  [[nodiscard]] bool any(const Is& is) const {
    const Endpoint& to = record_.attempts[before_].to;
    for (std::size_t index = 0; index < before_; ++index) {
      if (record_.attempts[index].to == to && is(record_.attempts[index])) return true;
    }
    return false;
  }

  const Record& record_;
  std::size_t before_;
};

// How many of the first bytes of `stream` were written to an earlier connection and stand before the healthy start.
std::size_t left_over(std::string_view stream, std::string_view start, const Earlier& earlier) {
  for (std::size_t length = 1; length < stream.size(); ++length) {
    const std::string_view rest = stream.substr(length);
    const bool starts = shared_length(rest, start) == std::min(rest.size(), start.size());
    if (!starts || rest.size() < std::min(kTellingBytes, start.size())) continue;
    if (earlier.wrote(stream.substr(0, length))) return length;
  }
  return 0;
}

// A correct client may count its connections or tell the time.
bool may_be_counter(std::string_view stream, std::string_view start, std::size_t shared) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  return shared >= kTellingBytes || shared * 2 >= start.size() ||
         (shared > 0 && digit(stream[shared]) && digit(start[shared]));
}

std::string shown(std::string_view bytes) {
  constexpr std::size_t kMost = 48;
  return print(Event{
      .kind = EventKind::kScript,
      .amount = 0,
      .steps = {{.what = Step::What::kSay, .amount = 0, .bytes = std::string(bytes.substr(0, kMost))}}});
}

}  // namespace

std::optional<Finding> judge_first_bytes(const Record& record, Controls& controls) {
  const auto recovered =
      std::ranges::find_if(record.attempts, [](const AttemptRecord& attempt) { return attempt.quiet; });
  if (recovered == record.attempts.end() || recovered->number == 1 || recovered->sent.empty())
    return std::nullopt;
  if (is_healthy(*recovered, controls.healthy())) return std::nullopt;
  const std::string start = healthy_start(controls.healthy(), recovered->to);
  const std::string_view stream = recovered->sent;
  const std::size_t shared = shared_length(stream, start);
  if (start.empty() || shared == std::min(stream.size(), start.size())) return std::nullopt;
  const auto index = static_cast<std::size_t>(recovered - record.attempts.begin());
  const Earlier earlier(record, index);
  const std::size_t left = left_over(stream, start, earlier);
  if (left == 0 && (may_be_counter(stream, start, shared) || earlier.may_be_done())) return std::nullopt;
  const std::string how =
      left > 0 ? fmt::format("{} bytes that it had written to an earlier connection come first", left)
               : fmt::format("it differs from byte {} on", shared);
  return Finding{.rule = "desynchronised",
                 .message = fmt::format("the client started its conversation wrongly on {}: {}; it wrote {}, "
                                        "and healthy connections start with {}",
                                        attempt_text(record, index), how, shown(stream), shown(start))};
}

}  // namespace selfconnect::vnet
