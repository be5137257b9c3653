// SPDX-License-Identifier: MIT
#include "harness/report/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "harness/report/finding_text.h"
#include "harness/report/phase_table.h"
#include "harness/report/readable.h"
#include "harness/report/run_facts.h"
#include "harness/report/schedule_text.h"

namespace selfconnect {

namespace {

constexpr std::size_t kCommandLimit = 400;  // columns

std::string title(std::string_view text, const ConsoleStyle& style) {
  return fmt::format("\n{}\n", inked(style, Ink::kBold, text));
}

std::string command_text(const Run& run) {
  std::string command = shell_words(run.command);
  const std::string start = wrap(command, kCommandLimit).front();
  return start.size() < command.size() ? start + " ..." : command;
}

std::uint64_t self_connects(const Run& run) {
  std::uint64_t total = 0;
  for (const Trace& trace : run.traces) total += trace.attempts.self_connected;
  return total;
}

std::string found_text(const FindingCounts& counts) {
  std::vector<std::string> parts;
  if (counts.errors > 0) parts.push_back(quantity(counts.errors, "error"));
  if (counts.warnings > 0) parts.push_back(quantity(counts.warnings, "warning"));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string verdict_text(const Run& run, const Judgement& judgement) {
  const FindingCounts counts = count_findings(judgement);
  switch (judgement.verdict) {
    case Verdict::kFail:
      return fmt::format("the target is at fault: {}", found_text(counts));
    case Verdict::kSkip:
      return fmt::format("no verdict: {}", visible(judgement.reason));
    case Verdict::kError:
      return fmt::format(
          "{}{}", is_interrupted(judgement) ? "" : "nothing could be judged: ", visible(judgement.reason));
    case Verdict::kPass:
      break;
  }
  if (counts.errors + counts.warnings > 0) {
    return fmt::format("{} found, below what fails a run (--fail-on)", found_text(counts));
  }
  if (self_connects(run) == 0) return "no rule found fault with the target";
  return fmt::format("the target was connected to itself {}, and no rule found fault with it",
                     self_connects(run) == 1 ? "once" : quantity(self_connects(run), "time"));
}

std::string verdict_line(const Run& run, const Judgement& judgement, const ConsoleStyle& style) {
  static constexpr std::array<std::pair<std::string_view, Ink>, 4> kWords = {
      {{"PASS", Ink::kPass}, {"FAIL", Ink::kFail}, {"SKIP", Ink::kSkip}, {"ERROR", Ink::kError}}};
  const auto& [word, ink] = kWords.at(static_cast<std::size_t>(judgement.verdict));
  const std::string lines =
      hanging(fmt::format("{}  ", word), verdict_text(run, judgement), style.width).substr(word.size());
  return inked(style, ink, word) + lines;
}

std::string skip_advice(const Judgement& judgement, const ConsoleStyle& style) {
  const std::string_view advice =
      is_unjudged(judgement)
          ? "Nothing is known about the target. `selfconnect doctor` says what can be forced here, and how "
            "to "
            "get the rest."
          : "A rule that was asked for with --require could not be judged. Give the run what the reason "
            "names, or leave the rule out of --require.";
  return fmt::format("\n{}", hanging("", advice, style.width));
}

// What a run in the network at hand cannot tell.
std::string isolation_text(const Run& run, const ConsoleStyle& style) {
  if (run.isolation != "none") return "";
  return hanging(
      "",
      "Isolation none: no namespace can be made here, so the client ran in the network at hand. No packets "
      "were captured, so what it sent is not known, and it was kept to loopback addresses.",
      style.width);
}

// The trace that shows the self-connection best: the first that kept one.
const Trace* witness(const Run& run) {
  const auto at = std::ranges::find_if(
      run.traces, [](const Trace& trace) { return first_self_connection(trace) != nullptr; });
  return at == run.traces.end() ? nullptr : &*at;
}

// What was done, for a reader who wonders what the findings are about.
std::string story(const Run& run, const ConsoleStyle& style) {
  const Trace* trace = witness(run);
  if (trace == nullptr) return "";
  const Attempt& first = *first_self_connection(*trace);
  const bool scheduled = trace->phase == Phase::kSchedule;
  const std::string what = fmt::format(
      "{} on {}. The kernel was made to give the client that same port as its source port, so {} connected "
      "the client to itself: one socket that is both ends of a TCP connection. Whatever the client writes "
      "comes back to it as if a server had answered. Unforced this happens once in some 14,000 attempts, "
      "when the port is in the ephemeral range and its server is down.",
      scheduled ? "While the schedule said `self`, nothing listened" : "Nothing listened",
      first.destination.text(), scheduled ? "the attempt" : fmt::format("attempt {}", first.number));
  std::string text = fmt::format("\n{}", hanging("", what, style.width));
  const auto line = std::ranges::find_if(trace->sockets, [](const SocketLine& socket) {
    return socket.state == TcpState::kEstablished && socket.local == socket.remote;
  });
  if (line == trace->sockets.end()) return text;
  text += hanging(
      "",
      fmt::format("The kernel's own entry, {} after the launch, both ends equal:", duration_text(line->at)),
      style.width);
  return text + fmt::format("  {}\n", line->text());
}

std::string findings_text(const Run& run, const Judgement& judgement, const ConsoleStyle& style) {
  std::string text;
  std::set<std::string_view> explained;
  bool in_controls = false;
  for (const Finding& finding : judgement.findings) {
    if (!finding.counted) continue;
    const bool first = explained.insert(finding.rule).second;
    text += '\n';
    text += finding_section(run, finding, first ? rule_of(judgement, finding) : nullptr, style);
  }
  for (const Finding& finding : judgement.findings) {
    if (finding.counted) continue;
    if (!in_controls) text += title("Seen in a control, without a self-connection: not counted", style);
    in_controls = true;
    text += finding_section(run, finding, nullptr, style);
  }
  return text;
}

// Under a schedule a client may fail after other events, which no port setting keeps away.
bool is_about_self(const Finding& finding) {
  if (finding.phase != Phase::kSchedule) return true;
  return std::ranges::any_of(finding.evidence, [](const auto& entry) {
    const auto* event = entry.first == "event" ? std::get_if<std::string>(&entry.second) : nullptr;
    return event != nullptr && *event == event_name(EventKind::kSelf);
  });
}

// What helps on a machine until the client is mended.
std::string meanwhile_text(const Run& run, const Judgement& judgement, const ConsoleStyle& style) {
  const auto by_itself = [](const Finding& finding) { return finding.counted && is_about_self(finding); };
  if (witness(run) == nullptr || std::ranges::none_of(judgement.findings, by_itself)) return "";
  std::set<std::uint16_t> ports;
  for (const Endpoint& destination : run.destinations) ports.insert(destination.port);
  const std::string list = fmt::format("{}", fmt::join(ports, ","));
  return title("Until the client is mended", style) +
         hanging(
             "",
             fmt::format("Move port {} out of the ephemeral range (net.ipv4.ip_local_port_range), or have it "
                         "never handed out, together with the ports that are listed there already:",
                         list),
             style.width) +
         fmt::format("  sudo sysctl -w net.ipv4.ip_local_reserved_ports={}\n", list);
}

// Ids of rules, by what became of them; those not judged for the same reason together.
std::string rules_text(const Judgement& judgement, const ConsoleStyle& style) {
  std::vector<std::string> found;
  std::vector<std::string_view> clear;
  std::vector<std::pair<std::string_view, std::vector<std::string_view>>> not_judged;
  for (const auto& [rule, outcome] : judgement.rules) {
    if (rule == nullptr) continue;
    if (const auto* findings = std::get_if<Findings>(&outcome)) {
      const bool counted = std::ranges::any_of(*findings, &Finding::counted);
      found.push_back(fmt::format("{}{}", rule->id, counted ? "" : " (in a control only)"));
    }
    if (std::holds_alternative<Clear>(outcome)) clear.push_back(rule->id);
    if (const auto* why = std::get_if<NotJudged>(&outcome)) {
      auto same = std::ranges::find(not_judged, why->reason, [](const auto& group) { return group.first; });
      if (same == not_judged.end()) same = not_judged.insert(same, {why->reason, {}});
      same->second.push_back(rule->id);
    }
  }
  std::string text = title("Rules", style);
  const auto add = [&](std::string_view label, const std::string& what) {
    text += hanging(fmt::format("  {:<12}", label), what, style.width);
  };
  if (!found.empty()) add("found", fmt::format("{}", fmt::join(found, ", ")));
  if (!clear.empty()) add("clear", fmt::format("{}", fmt::join(clear, ", ")));
  for (const auto& [reason, ids] : not_judged) {
    add(&ids == &not_judged.front().second ? "not judged" : "",
        fmt::format("{}: {}", fmt::join(ids, ", "), visible(reason)));
  }
  return text;
}

// Not wrapped, so that it can be copied.
std::string again_text(const Run& run) {
  std::string command = fmt::format("selfconnect check --seed {}", run.seed);
  if (const auto schedule = schedule_of(run)) command += " --schedule " + shell_word(*schedule);
  if (!run.success_pattern.empty()) command += " --success " + shell_word(run.success_pattern);
  return fmt::format("\nSeed {}. To run it again, with the other options of this call{}:\n  {} -- {}\n",
                     run.seed, run.secret_count > 0 ? " and the secrets put back" : "", command,
                     command_text(run));
}

}  // namespace

std::string console_report(const Run& run, const Judgement& judgement, const ConsoleStyle& style) {
  std::string text = hanging("selfconnect check: ", command_text(run), style.width);
  text += verdict_line(run, judgement, style);
  if (judgement.verdict == Verdict::kSkip) text += skip_advice(judgement, style);
  if (is_unjudged(judgement)) return text;
  text += isolation_text(run, style);
  if (!judgement.findings.empty()) text += story(run, style);
  if (!run.traces.empty()) text += title("Phases", style) + phase_table(run, style);
  text += findings_text(run, judgement, style);
  text += meanwhile_text(run, judgement, style);
  if (!judgement.rules.empty()) text += rules_text(judgement, style);
  return text + again_text(run);
}

}  // namespace selfconnect
