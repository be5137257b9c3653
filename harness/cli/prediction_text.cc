// SPDX-License-Identifier: MIT
#include "harness/cli/prediction_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/ports/candidate_ring.h"

namespace selfconnect {

namespace {

std::string_view parity_name(int port) { return port % 2 == 0 ? "even" : "odd"; }

// "14,116", and "1.6" below 10
std::string grouped(double number) {
  const double tenths = std::round(number * 10) / 10;
  if (tenths < 10 && tenths != std::floor(tenths)) return fmt::format("{:.1f}", tenths);
  const std::string digits = fmt::format("{:.0f}", number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

// "0.35 s", "47 s", "12 min", "3 h 55 min", "2 days 5 h", "1.3 years"
std::string waiting_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.2g} ms", seconds * 1e3);
  if (seconds < 10) return fmt::format("{:.2g} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const double minutes = std::round(seconds / 60), hours = std::round(seconds / 3600);
  if (minutes < 60) return fmt::format("{:.0f} min", minutes);
  if (hours < 48) return fmt::format("{:.0f} h {:.0f} min", std::floor(minutes / 60), std::fmod(minutes, 60));
  if (hours < 24 * 730)
    return fmt::format("{:.0f} days {:.0f} h", std::floor(hours / 24), std::fmod(hours, 24));
  return fmt::format("{:.1f} years", hours / (24 * 365.25));
}

// "14,112 attempts, 3 h 55 min"
std::string attempts_text(double attempts, double per_second) {
  if (std::isinf(attempts)) return "may never";
  const std::string number = grouped(attempts);
  std::string text = fmt::format("{} attempt{}", number, number == "1" ? "" : "s");
  if (per_second > 0) text += fmt::format(", {}", waiting_text(attempts / per_second));
  return text;
}

std::string per_attempt_text(double per_attempt) {
  if (per_attempt == 0) return "once, if at all";
  if (per_attempt == 1) return "certain";
  const std::string attempts = grouped(1 / per_attempt);
  return attempts == "1" ? "nearly certain" : fmt::format("1 in {}", attempts);
}

std::string percent_text(double probability) { return fmt::format("{:.10g}%", probability * 100); }

// "14,116 even ports"
std::string candidates_text(const PredictionQuestion& question) {
  const auto ports = candidate_ring(question.model, question.layout).candidates();
  const auto is_even = [](std::uint16_t port) { return port % 2 == 0; };
  const std::string_view parity = !goes_by_parity(question.model)        ? ""
                                  : std::ranges::all_of(ports, is_even)  ? "even "
                                  : std::ranges::none_of(ports, is_even) ? "odd "
                                                                         : "";
  return fmt::format("{} {}port{}", grouped(static_cast<double>(ports.size())), parity,
                     ports.size() == 1 ? "" : "s");
}

// "while one of `several` is free", or the one there is
std::string while_free_text(const PredictionQuestion& question, std::string_view several) {
  const auto ports = candidate_ring(question.model, question.layout).candidates();
  return ports.size() == 1 ? fmt::format("while port {} is free", ports.front())
                           : fmt::format("while one of {} is free", several);
}

bool is_of_three(const PortLayout& layout) { return layout.high - layout.low == 2; }

std::string never_text(const PredictionQuestion& question, Chance chance) {
  switch (chance) {
    case Chance::kOutOfRange:
      return fmt::format("never: outside the ephemeral range {}", range_text(question));
    case Chance::kReserved:
      return "never: the port is reserved";
    case Chance::kOtherParity:
      return fmt::format("not {}",
                         while_free_text(question, fmt::format("the {}", candidates_text(question))));
    case Chance::kOddRangeLast:
      if (is_of_three(question.layout)) return "never: the last of a range of three";
      return fmt::format("not while port {} is free: the last of an odd range", question.port - 2);
    case Chance::kLowest:
      return "not while the highest port is free";
    case Chance::kPossible:
      break;
  }
  return "";
}

PredictionQuestion with_port(PredictionQuestion question, int port) {
  question.port = static_cast<std::uint16_t>(port);
  return question;
}

// A port next to it that would be handed out.
std::optional<int> possible_neighbour(const PredictionQuestion& question) {
  for (const int port : {question.port - 1, question.port + 1}) {
    if (port >= 1 && port <= 65535 && chance_of(with_port(question, port)) == Chance::kPossible) return port;
  }
  return std::nullopt;
}

bool is_linux(PolicyKind model) { return model != PolicyKind::kFreebsd && model != PolicyKind::kMacos; }

std::string reserving_command(std::span<const PortRange> reserved, std::span<const std::uint16_t> ports) {
  std::vector<PortRange> all(reserved.begin(), reserved.end());
  for (const std::uint16_t port : ports) all.push_back({port, port});
  std::ranges::sort(all);
  return fmt::format("sudo sysctl -w net.ipv4.ip_local_reserved_ports={}", port_list_text(all));
}

std::string line(std::string_view what, std::string_view value) {
  return fmt::format("  {:<16} {}\n", what, value);
}

std::string heading(const PredictionQuestion& question, std::string_view pace) {
  return fmt::format("{}, ephemeral range {}{}{}", policy_name(question.model), range_text(question),
                     pace.empty() ? "" : ", one client dialling ", pace);
}

std::string method_text(const Prediction& prediction) {
  switch (prediction.method) {
    case Method::kClosedForm:
      return "closed form";
    case Method::kRecurrence:
      return "recurrence over the attempts of ten seconds";
    case Method::kSimulation:
      return fmt::format("{} simulated first hits", grouped(static_cast<double>(prediction.simulated_hits)));
  }
  return "";
}

// What was assumed of a pace that was not given, and how to give it.
std::string no_pace_text(PolicyKind model, std::string_view indent) {
  if (model != PolicyKind::kLinux5_18) return fmt::format("{}For times give --interval or --rate.\n", indent);
  return fmt::format(
      "{0}Attempts are taken to be ten seconds or more apart: their number depends on the pace, too.\n"
      "{0}For another pace, and for times, give --interval or --rate.\n",
      indent);
}

}  // namespace

std::set<std::uint16_t> ports_of(std::span<const PortRange> ranges) {
  std::set<std::uint16_t> ports;
  for (const auto& [low, high] : ranges) {
    for (int port = low; port <= high; ++port) ports.insert(static_cast<std::uint16_t>(port));
  }
  return ports;
}

std::string range_text(const PredictionQuestion& question) {
  return fmt::format("{}-{}", question.layout.low, question.layout.high);
}

std::optional<std::string> parity_reason(const PredictionQuestion& question) {
  const auto& [low, high, reserved] = question.layout;
  const std::string_view kernel = policy_name(question.model);
  const auto neighbour = possible_neighbour(question);
  switch (chance_of(question)) {
    case Chance::kOtherParity: {
      std::string would = neighbour ? fmt::format("; port {} would", *neighbour) : "";
      PredictionQuestion shifted = question;
      shifted.layout.low = static_cast<std::uint16_t>(low > 1 ? low - 1 : low + 1);
      if (chance_of(shifted) == Chance::kPossible) {
        would += fmt::format("{} {} with range {}{}", would.empty() ? ";" : ", and so would", question.port,
                             range_text(shifted), would.empty() ? " would" : "");
      }
      return fmt::format("port {} is {}: {} hands out the {} of {} first, so it never comes up {}{}",
                         question.port, parity_name(question.port), kernel, candidates_text(question),
                         range_text(question), while_free_text(question, "them"), would);
    }
    case Chance::kOddRangeLast:
      return fmt::format(
          "port {} is the last of {}, an odd number of ports: {} {} hands it out{}; {}", question.port,
          range_text(question), kernel, is_of_three(question.layout) ? "never" : "only",
          is_of_three(question.layout) ? "" : fmt::format(" when port {} is reserved or in use", high - 2),
          high < 65535 ? fmt::format("range {}-{} would", low, high + 1)
                       : fmt::format("port {} would", high - 2));
    case Chance::kLowest:
      return fmt::format(
          "port {} is the lowest of {}, which {} hands out only when the highest is in use; port {} would",
          question.port, range_text(question), kernel, question.port + 1);
    default:
      return std::nullopt;
  }
}

std::vector<Mitigation> mitigations(const PredictionQuestion& question, std::span<const PortRange> reserved) {
  if (chance_of(question) != Chance::kPossible) return {};
  std::vector<Mitigation> found;
  const auto effect = [](const PredictionQuestion& changed) -> std::string {
    const Chance chance = chance_of(changed);
    if (chance == Chance::kReserved || chance == Chance::kOutOfRange) return "never";
    return never_text(changed, chance);
  };
  if (is_linux(question.model)) {
    PredictionQuestion changed = question;
    changed.layout.reserved.insert(question.port);
    found.push_back(
        {"reserve the port", reserving_command(reserved, std::span(&question.port, 1)), effect(changed)});
  }
  if (const int below = question.layout.low - 1; below >= 1) {
    found.push_back({fmt::format("move the service to a port below {}", question.layout.low), "",
                     effect(with_port(question, below))});
  }
  for (const int port : {question.port + 1, question.port - 1}) {
    if (port > 65535 || chance_of(with_port(question, port)) != Chance::kOtherParity) continue;
    found.push_back({fmt::format("move the service to an {} port, such as {}", parity_name(port), port), "",
                     effect(with_port(question, port))});
    break;
  }
  return found;
}

std::string prediction_text(const PredictedPort& port, std::span<const PortRange> reserved,
                            std::string_view pace) {
  const auto& [question, listener, prediction] = port;
  std::string text = fmt::format("Port {}: {}\n", question.port, heading(question, pace));
  if (prediction.chance != Chance::kPossible) {
    return text + line("self-connect", never_text(question, prediction.chance));
  }
  text += line("candidates", candidates_text(question));
  text += line("per attempt", per_attempt_text(prediction.per_attempt));
  text += line("expected after", attempts_text(prediction.expected_attempts, question.attempts_per_second));
  for (const auto& [probability, attempts] : prediction.until) {
    text += line(fmt::format("{} within", percent_text(probability)),
                 attempts_text(attempts, question.attempts_per_second));
  }
  text += line("worked out by", method_text(prediction));
  if (std::isinf(prediction.expected_attempts)) {
    text += fmt::format("  From some places where its walk may start, {} never comes to this port.\n",
                        policy_name(question.model));
  }
  if (pace.empty()) text += no_pace_text(question.model, "  ");
  text += "\nWhat keeps it from happening\n";
  for (const auto& [what, command, effect] : mitigations(question, reserved)) {
    text += fmt::format("  {}: {}\n", what, effect);
    if (!command.empty()) text += fmt::format("    {}\n", command);
  }
  return text;
}

void sort_by_risk(std::vector<PredictedPort>& ports) {
  std::ranges::sort(ports, [](const PredictedPort& a, const PredictedPort& b) {
    if (a.prediction.per_attempt != b.prediction.per_attempt)
      return a.prediction.per_attempt > b.prediction.per_attempt;
    return a.question.port < b.question.port;
  });
}

std::string prediction_table(std::span<const PredictedPort> ports, const PredictionQuestion& common,
                             std::span<const PortRange> reserved, std::string_view pace) {
  std::string text = fmt::format("This machine: {}\n", heading(common, pace));
  if (ports.empty()) return text + "  No service listens inside the range: none is at risk.\n";
  std::size_t width = 10;
  for (const PredictedPort& port : ports) width = std::max(width, port.listener->text().size());
  text += fmt::format("\n  {:<{}}  {:<12}  {}\n", "listens on", width, "per attempt", "first self-connect");
  std::vector<std::uint16_t> endangered;
  for (const auto& [question, listener, prediction] : ports) {
    std::string when = never_text(question, prediction.chance);
    if (prediction.chance == Chance::kPossible) {
      endangered.push_back(question.port);
      when = attempts_text(prediction.expected_attempts, question.attempts_per_second);
      for (const auto& [probability, attempts] : prediction.until) {
        when += fmt::format("; {}: {}", percent_text(probability),
                            attempts_text(attempts, question.attempts_per_second));
      }
    }
    text += fmt::format(
        "  {:<{}}  {:<12}  {}\n", listener->text(), width,
        prediction.chance == Chance::kPossible ? per_attempt_text(prediction.per_attempt) : "-", when);
  }
  if (endangered.empty()) return text;
  text += "\nWhile a service is down, a client that keeps dialling its port may connect to itself.\n";
  if (pace.empty()) text += no_pace_text(common.model, "");
  return text + fmt::format("To have these ports never handed out:\n  {}\n",
                            reserving_command(reserved, endangered));
}

}  // namespace selfconnect
