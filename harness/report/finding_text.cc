// SPDX-License-Identifier: MIT
#include "harness/report/finding_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "harness/report/readable.h"
#include "harness/report/schedule_text.h"

namespace selfconnect {

namespace {

constexpr std::size_t kDumpLimit = 256;  // bytes; the JSON report has them all

std::string place_text(const Finding& finding) {
  std::string place = fmt::format("phase {}", phase_name(finding.phase));
  if (finding.destination) place += fmt::format(", {}", finding.destination->text());
  if (!finding.counted) place += ", a control: not counted";
  return place;
}

bool is_time(std::string_view key, const EvidenceValue& value) {
  return key.ends_with("_ms") && std::holds_alternative<double>(value);
}

// "first_sent_ms" -> "first sent"
std::string label_text(std::string_view key, const EvidenceValue& value) {
  if (is_time(key, value)) key.remove_suffix(3);
  std::string label = visible(key);
  std::ranges::replace(label, '_', ' ');
  return label;
}

std::string bytes_text(const Bytes& bytes) {
  const std::string_view shown = std::string_view(bytes.data).substr(0, kDumpLimit);
  if (shown.size() >= bytes.total) return quantity(bytes.total, "byte");
  return fmt::format("{}, the first {}:", quantity(bytes.total, "byte"), shown.size());
}

std::string lines_text(std::string_view value) {
  std::string text;
  if (value.ends_with('\n')) value.remove_suffix(1);
  for (;;) {
    const std::size_t newline = value.find('\n');
    text += visible(value.substr(0, newline));
    if (newline == std::string_view::npos) return text;
    text += '\n';
    value.remove_prefix(newline + 1);
  }
}

std::string value_text(std::string_view key, const EvidenceValue& value) {
  if (is_time(key, value)) return milliseconds_text(std::get<double>(value));
  return std::visit(
      [](const auto& held) -> std::string {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, Bytes>) {
          return bytes_text(held);
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return lines_text(held);
        } else if constexpr (std::is_same_v<Held, bool>) {
          return held ? "yes" : "no";
        } else if constexpr (std::is_same_v<Held, double>) {
          return fmt::format("{:.4g}", held);
        } else {
          return fmt::format("{}", held);
        }
      },
      value);
}

// "the target spins" -> "The target spins."
std::string sentence(std::string text) {
  if (text.starts_with("the ")) text.front() = 'T';
  const bool ends = text.ends_with('.') || text.ends_with('!') || text.ends_with('?');
  return ends || text.empty() ? text : fmt::format("{}.", text);
}

std::string heading(const Finding& finding, const Rule* rule, const ConsoleStyle& style) {
  const Ink ink = !finding.counted                 ? Ink::kFaint
                  : finding.level == Level::kError ? Ink::kFail
                                                   : Ink::kWarning;
  std::string head = fmt::format("{} {}", level_name(finding.level), visible(finding.rule));
  if (rule != nullptr) head += fmt::format(": the target {}", rule->summary);
  std::string text;
  for (const std::string& line : wrap(head, style.width)) text += inked(style, ink, line) + "\n";
  return text + inked(style, Ink::kFaint, "  in " + place_text(finding)) + "\n";
}

std::string paragraph(std::string_view label, std::string_view text, const ConsoleStyle& style) {
  const std::string lines = hanging(fmt::format("  {:<16}", label), text, style.width);
  return "  " + inked(style, Ink::kBold, label) + lines.substr(2 + label.size());
}

}  // namespace

std::string evidence_text(const Evidence& evidence, const ConsoleStyle& style) {
  std::size_t widest = 0;
  for (const auto& [key, value] : evidence) widest = std::max(widest, columns(label_text(key, value)));
  std::string text;
  for (const auto& [key, value] : evidence) {
    const std::string label = fmt::format("    {:<{}}  ", label_text(key, value), widest);
    text += hanging(label, value_text(key, value), style.width);
    if (const auto* bytes = std::get_if<Bytes>(&value)) {
      for (const std::string& line : hex_dump(std::string_view(bytes->data).substr(0, kDumpLimit))) {
        text += fmt::format("      {}\n", line);
      }
    }
  }
  return text;
}

std::string finding_text(const Run& run, const Finding& finding, const ConsoleStyle& style) {
  return hanging("", place_text(finding), style.width) + hanging("", visible(finding.message), style.width) +
         events_text(run, finding, style) + evidence_text(finding.evidence, style);
}

std::string finding_section(const Run& run, const Finding& finding, const Rule* rule,
                            const ConsoleStyle& style) {
  std::string text = heading(finding, rule, style);
  text += paragraph("What happened", sentence(visible(finding.message)), style);
  if (rule != nullptr) text += paragraph("Why it matters", rule->why, style);
  if (const std::string events = events_text(run, finding, style); !events.empty()) {
    text += fmt::format("  {}\n", inked(style, Ink::kBold, "Attempts")) + events;
  }
  if (!finding.evidence.empty()) {
    text +=
        fmt::format("  {}\n", inked(style, Ink::kBold, "Evidence")) + evidence_text(finding.evidence, style);
  }
  if (rule != nullptr) {
    text += paragraph("What to do", rule->remedy, style);
    text += paragraph("More", fmt::format("selfconnect rules {}", rule->id), style);
  }
  return text;
}

}  // namespace selfconnect
