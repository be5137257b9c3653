// SPDX-License-Identifier: MIT
#include "harness/schedule/schedule.h"

#include <fmt/format.h>

namespace selfconnect {

namespace {

std::string in_quotes(std::string_view bytes) {
  std::string text = "\"";
  for (const char byte : bytes) {
    switch (byte) {
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      case '"':
      case '\\':
        text += '\\';
        text += byte;
        break;
      default:
        if (byte >= ' ' && byte <= '~') {
          text += byte;
        } else {
          text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        }
    }
  }
  text += '"';
  return text;
}

std::string print(const Step& step) {
  switch (step.what) {
    case Step::What::kRead:
      return fmt::format("read:{}", step.amount);
    case Step::What::kSay:
      return fmt::format("say:{}", in_quotes(step.bytes));
    case Step::What::kClose:
      return "close";
    case Step::What::kReset:
      return "reset";
    case Step::What::kHalfClose:
      return "half-close";
  }
  return "";
}

}  // namespace

std::uint64_t length(const Schedule& schedule) {
  std::uint64_t attempts = 0;
  for (const Entry& entry : schedule.entries) attempts += entry.count;
  return attempts;
}

const Event& event_of(const Schedule& schedule, std::uint64_t attempt) {
  static const Event kQuiet{};
  for (const Entry& entry : schedule.entries) {
    if (attempt <= entry.count) return entry.event;
    attempt -= entry.count;
  }
  return kQuiet;
}

Schedule normal_form(Schedule schedule) {
  Schedule joined;
  for (Entry& entry : schedule.entries) {
    if (entry.count == 0) continue;
    if (!joined.entries.empty() && joined.entries.back().event == entry.event) {
      joined.entries.back().count += entry.count;
    } else {
      joined.entries.push_back(std::move(entry));
    }
  }
  return joined;
}

std::string print(const Event& event) {
  std::string text(event_name(event.kind));
  if (event.kind == EventKind::kGarbage || event.kind == EventKind::kTruncate) {
    text += fmt::format(":{}", event.amount);
  }
  if (event.kind != EventKind::kScript) return text;
  text += '[';
  for (std::size_t i = 0; i < event.steps.size(); ++i) {
    if (i > 0) text += ' ';
    text += print(event.steps[i]);
  }
  text += ']';
  return text;
}

std::string print(const Schedule& schedule) {
  std::string text;
  for (const Entry& entry : schedule.entries) {
    text += print(entry.event);
    if (entry.count > 1) text += fmt::format("*{}", entry.count);
    text += ' ';
  }
  return text + "serve";
}

}  // namespace selfconnect
