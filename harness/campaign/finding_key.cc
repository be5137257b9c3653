// SPDX-License-Identifier: MIT
#include "harness/campaign/finding_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "harness/sys/random_source.h"

namespace selfconnect {

namespace {

// Evidence that tells faults apart, and is the same from run to run.
constexpr std::array<std::string_view, 5> kTelling = {"event", "signal_name", "connection", "encoding",
                                                      "starts_with_own_bytes"};

// Rules that are about how the target ended. What others found may be followed by any end.
constexpr std::array<std::string_view, 3> kAboutTheEnd = {"crashes", "echo-accepted", "never-recovers"};

std::string value_text(const EvidenceValue& value) {
  struct Text {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(bool yes) const { return yes ? "yes" : "no"; }
    std::string operator()(const Bytes& bytes) const { return fmt::format("{} bytes", bytes.total); }
  };
  return std::visit(Text{}, value);
}

const Trace* trace_of(const Finding& finding, const Run& run) {
  const auto found = std::ranges::find_if(run.traces, [&](const Trace& trace) {
    return trace.phase == finding.phase &&
           (!finding.destination || !trace.destination || trace.destination == finding.destination);
  });
  return found == run.traces.end() ? nullptr : &*found;
}

std::string fault_in(const Trace& trace) {
  for (const std::string* text : {&trace.err.tail, &trace.err.head, &trace.out.tail, &trace.out.head}) {
    if (std::string fault = sanitizer_fault(*text); !fault.empty()) return fault;
  }
  return {};
}

std::uint32_t short_hash(std::string_view text) {
  std::uint64_t value = 0;
  for (const char byte : text) value = RandomSource::mix(value + static_cast<unsigned char>(byte) + 1);
  return static_cast<std::uint32_t>(value >> 32);
}

// What may stand in the name of a directory anywhere.
std::string plain(std::string_view text) {
  std::string name;
  for (const char byte : text.substr(0, 24)) {
    name += std::isalnum(static_cast<unsigned char>(byte)) != 0 ? byte : '-';
  }
  return name;
}

}  // namespace

std::string FindingKey::name() const {
  return fmt::format("{}{}{}-{:08x}", plain(rule), event.empty() ? "" : "-", plain(event), short_hash(text));
}

FindingKey key_of(const Finding& finding, const Run& run) {
  FindingKey key{.rule = finding.rule, .text = finding.rule, .event = {}, .fault = finding.rule};
  for (const std::string_view name : kTelling) {
    const auto found =
        std::ranges::find_if(finding.evidence, [&](const auto& item) { return item.first == name; });
    if (found == finding.evidence.end()) continue;
    const std::string value = value_text(found->second);
    const std::string word = fmt::format(" {}={}", name, value);
    key.text += word;
    if (name == "event") key.event = value;
    if (name != "event" && name != "connection") key.fault += word;
  }
  std::string end;
  if (const Trace* trace = trace_of(finding, run)) {
    if (std::ranges::find(kAboutTheEnd, finding.rule) != kAboutTheEnd.end())
      end += fmt::format(" ended={}", own_end(trace->ended).value_or("alive"));
    if (finding.rule == "crashes") {
      if (const std::string fault = fault_in(*trace); !fault.empty()) end += fmt::format(" fault={}", fault);
    }
  }
  key.text += end;
  key.fault += end;
  return key;
}

std::optional<std::string> own_end(const Ended& ended) {
  switch (ended.how) {
    case Ended::How::kExit:
      return fmt::format("exit {}", ended.code);
    case Ended::How::kSignal:
      return fmt::format("signal {}", ended.code);
    case Ended::How::kStopped:
      break;
  }
  return std::nullopt;
}

std::string sanitizer_fault(std::string_view output) {
  constexpr std::string_view kMark = "SUMMARY: ";
  const auto at = output.rfind(kMark);
  if (at == std::string_view::npos) return {};
  std::string_view line = output.substr(at + kMark.size());
  line = line.substr(0, line.find('\n'));
  const auto colon = line.find(": ");  // after the sanitizer's name
  if (colon == std::string_view::npos) return {};
  line.remove_prefix(colon + 2);
  std::string fault(line.substr(0, line.find_first_of(" (")));
  if (const auto in = line.rfind(" in "); in != std::string_view::npos) {
    fault += fmt::format(" in {}", line.substr(in + 4, 80));
  }
  return fault;
}

}  // namespace selfconnect
