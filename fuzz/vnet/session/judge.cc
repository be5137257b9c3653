// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/judge.h"

#include <fmt/format.h>

#include <algorithm>

namespace selfconnect::vnet {

namespace {

bool was_accepted(const AttemptRecord& attempt) { return is_accepted(attempt.met); }

double seconds(Time time) { return std::chrono::duration<double>(time).count(); }

bool succeeds(const Record& record) {
  return record.ended && record.ending == Ending::kSuccess && record.waits.empty() && !record.stop;
}

bool always_succeeds(const std::vector<Record>& healthy) {
  return !healthy.empty() && std::ranges::all_of(healthy, succeeds);
}

}  // namespace

std::optional<Finding> judge_spin(const Record& record) {
  if (record.stop == Stop::kAttempts) {
    return Finding{.rule = "spins",
                   .message = fmt::format("the client dialled {} times and let no time pass between: it does "
                                          "not back off",
                                          record.attempts.size())};
  }
  if (record.stop == Stop::kCalls) {
    return Finding{
        .rule = "spins",
        .message = fmt::format("the client makes call after call and lets no time pass{}",
                               record.attempts.empty()
                                   ? std::string()
                                   : ", after " + attempt_text(record, record.attempts.size() - 1))};
  }
  return std::nullopt;
}

std::optional<Finding> judge_signal(const Record& record) {
  if (record.stop != Stop::kSignal) return std::nullopt;
  const std::string where =
      record.attempts.empty() ? "" : ", after " + attempt_text(record, record.attempts.size() - 1);
  return Finding{.rule = "crashes",
                 .message = fmt::format("the client died of SIGPIPE: it wrote to a connection that the other "
                                        "end had closed{}",
                                        where)};
}

std::optional<Finding> judge_descriptors(const Record& record, const FuzzTarget& target) {
  // The kernel closes what a program leaves open at its end.
  if (target.run != nullptr && !target.stays && record.descriptors > 0) {
    return Finding{.rule = "leaks-fds",
                   .message = fmt::format("the client has ended and left {} descriptor{} open",
                                          record.descriptors, record.descriptors == 1 ? "" : "s")};
  }
  if (record.dead_sockets.empty() || !record.recovered || record.dials_at_once) return std::nullopt;
  std::string list;
  for (const std::size_t index : record.dead_sockets) {
    list += (list.empty() ? "" : ", ") + attempt_text(record, index);
  }
  return Finding{.rule = "leaks-fds",
                 .message = fmt::format("the client holds {} of attempts that had ended when it talks to the "
                                        "server on {}: of {}",
                                        record.dead_sockets.size() == 1 ? "a socket" : "sockets",
                                        attempt_text(record, *record.recovered), list)};
}

std::optional<Finding> judge_echo(const Record& record, Controls& controls) {
  if (!record.ended || record.ending != Ending::kSuccess || record.attempts.empty()) return std::nullopt;
  if (std::ranges::any_of(record.attempts, was_accepted)) return std::nullopt;
  // Of a client that has success after refusals alone success means nothing.
  const Record& refused = controls.refused();
  if (refused.ending == Ending::kSuccess && std::ranges::none_of(refused.attempts, was_accepted))
    return std::nullopt;
  return Finding{.rule = "echo-accepted",
                 .message = fmt::format("the client had success after {}, though nobody had accepted any of "
                                        "its attempts",
                                        attempt_text(record, record.attempts.size() - 1))};
}

std::optional<Finding> judge_self_talk(const Record& record) {
  for (std::size_t index = 0; index < record.attempts.size(); ++index) {
    const AttemptRecord& attempt = record.attempts[index];
    if (attempt.met != EventKind::kSelf || attempt.sent.empty()) continue;
    return Finding{.rule = "talks-to-itself",
                   .message = fmt::format("the client wrote {} bytes to itself on {}", attempt.sent.size(),
                                          attempt_text(record, index))};
  }
  return std::nullopt;
}

std::optional<Finding> judge_quiet_hour(const Record& record, Controls& controls) {
  if (record.stop != Stop::kPatience || record.attempts.empty()) return std::nullopt;
  const AttemptRecord& last = record.attempts.back();
  const bool over = last.quiet || last.number >= length(record.schedule);
  if (!over || !always_succeeds(controls.healthy())) return std::nullopt;
  return Finding{
      .rule = "never-recovers",
      .message = fmt::format("the server was there again, and {:.0f} virtual seconds later the client has "
                             "neither had success nor ended; its last attempt was {}, at {:.3f} s; with the "
                             "server there from the start it has success",
                             seconds(record.ended_at - last.at),
                             attempt_text(record, record.attempts.size() - 1), seconds(last.at))};
}

namespace {

// Attempts to one destination up to the end, none of them served, and since when.
struct Failures {
  std::uint64_t attempts = 0;
  Time since{};
};

Failures failures_of(const Record& record) {
  Failures failures;
  const Endpoint& to = record.attempts.back().to;
  for (auto attempt = record.attempts.rbegin(); attempt != record.attempts.rend(); ++attempt) {
    if (attempt->to != to) continue;
    if (attempt->met == EventKind::kServe) break;
    ++failures.attempts;
    failures.since = attempt->at;
  }
  return failures;
}

std::uint64_t served_in_quiet(const Record& record, const Endpoint& to) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      record.attempts, [&](const AttemptRecord& attempt) { return attempt.quiet && attempt.to == to; }));
}

std::optional<Finding> judge_served(const Record& record, Controls& controls) {
  const AttemptRecord& last = record.attempts.back();
  if (last.answered == 0 || last.number == 1 || !always_succeeds(controls.healthy())) return std::nullopt;
  const std::uint64_t wanted = served_in_quiet(controls.healthy().front(), last.to);
  if (served_in_quiet(record, last.to) < wanted) return std::nullopt;
  return Finding{
      .rule = "never-recovers",
      .message = fmt::format("the client was served on {} and sent {} bytes, and yet gave up; with "
                             "the server there from the start it has success",
                             attempt_text(record, record.attempts.size() - 1), last.answered)};
}

}  // namespace

std::optional<Finding> judge_giving_up(const Record& record, Controls& controls) {
  if (!record.ended || record.ending == Ending::kSuccess || record.attempts.empty()) return std::nullopt;
  const AttemptRecord& last = record.attempts.back();
  if (last.quiet) return judge_served(record, controls);
  const Record& refused = controls.refused();
  // A client that does not stand refusals may give up whenever it likes.
  if (!is_network_failure(last.met) || !succeeds(refused)) return std::nullopt;
  const Failures failures = failures_of(record);
  const Time stood = refused.attempts.back().at - refused.attempts.front().at;
  // It may rightly have had enough after so many, or so long.
  if (failures.attempts >= kRefusals || record.ended_at - failures.since > stood) return std::nullopt;
  return Finding{
      .rule = "never-recovers",
      .message = fmt::format("the client gave up after {}, before the server was there again; it goes on "
                             "trying after {} refusals in a row",
                             attempt_text(record, record.attempts.size() - 1), kRefusals)};
}

std::optional<Finding> judge_stop(const Record& record, const FuzzTarget& target, Controls& controls) {
  std::optional<Finding> found;
  if (!record.waits.empty()) return found;
  if (target.rules.crashes) found = judge_signal(record);
  if (!found && target.rules.spins) found = judge_spin(record);
  if (!found && target.rules.hangs) found = judge_hang(record, controls);
  if (!found && target.rules.never_recovers) found = judge_quiet_hour(record, controls);
  return found;
}

std::optional<Finding> judge_end(const Record& record, const FuzzTarget& target, Controls& controls) {
  const Rules& rules = target.rules;
  std::optional<Finding> found;
  if (!record.waits.empty()) return rules.hangs ? judge_waits(record, controls) : found;
  if (rules.secret_echoed) found = judge_secrets(record, target.secrets);
  if (!found && rules.echo_accepted) found = judge_echo(record, controls);
  if (!found && rules.leaks_fds) found = judge_descriptors(record, target);
  if (!found && rules.desynchronised) found = judge_first_bytes(record, controls);
  if (!found && rules.never_recovers) found = judge_giving_up(record, controls);
  if (!found && rules.talks_to_itself) found = judge_self_talk(record);
  return found;
}

}  // namespace selfconnect::vnet
