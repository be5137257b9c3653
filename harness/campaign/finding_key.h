// What makes two findings the same one, whatever schedule, port, process id, count or time they were seen with: the rule,
// and of its evidence what tells one fault from another. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "harness/judge/finding.h"
#include "harness/trace/trace.h"

namespace selfconnect {

struct FindingKey {
  std::string rule;
  std::string text;   // "crashes event=self signal_name=SIGABRT fault=heap-use-after-free in parse_reply"
  std::string event;  // "self"; empty: it is of none
  std::string fault;  // `text` but for what tells where it showed: event and connection

  // A directory's name: the rule, the event, and a hash of the text: "crashes-self-1f3a9c02".
  [[nodiscard]] std::string name() const;
  auto operator<=>(const FindingKey&) const = default;
};

[[nodiscard]] FindingKey key_of(const Finding& finding, const Run& run);

// How the target ended by itself: "exit 1", "signal 6". Nothing: the harness stopped it, sooner in a quick run than in a whole one.
[[nodiscard]] std::optional<std::string> own_end(const Ended& ended);

// The fault and the function of a sanitizer's last line, "SUMMARY: AddressSanitizer: heap-use-after-free client.c:12:3 in
// parse_reply": "heap-use-after-free in parse_reply". Empty where there is none.
[[nodiscard]] std::string sanitizer_fault(std::string_view output);

}  // namespace selfconnect
