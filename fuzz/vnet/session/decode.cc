// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/decode.h"

#include <algorithm>
#include <string>

namespace selfconnect::vnet {

namespace {

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  // 0 at the end.
  std::uint32_t number() {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
  }
  std::string text(std::size_t size) {
    std::string taken(bytes_.substr(0, size));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view bytes_;
};

// [what the first byte says]: reads some, says the text that follows, or ends.
bool decode_step(Bytes& bytes, std::vector<Step>& steps) {
  const std::uint32_t what = bytes.number();
  switch (what % 8) {
    case 0:
      steps.push_back({.what = Step::What::kClose, .amount = 0, .bytes = {}});
      return false;
    case 1:
      steps.push_back({.what = Step::What::kReset, .amount = 0, .bytes = {}});
      return false;
    case 2:
      steps.push_back({.what = Step::What::kHalfClose, .amount = 0, .bytes = {}});
      return false;
    case 3:
      steps.push_back({.what = Step::What::kRead, .amount = 1 + bytes.number(), .bytes = {}});
      return !bytes.empty();
    default:
      if (std::string said = bytes.text(1 + what / 8); !said.empty()) {
        steps.push_back({.what = Step::What::kSay, .amount = 0, .bytes = std::move(said)});
      }
      return !bytes.empty();
  }
}

Event decode_event(Bytes& bytes) {
  Event event{.kind = static_cast<EventKind>(bytes.number() % kEventKinds)};
  if (event.kind == EventKind::kGarbage) event.amount = 1 + bytes.number();
  if (event.kind == EventKind::kTruncate) event.amount = bytes.number();
  if (event.kind == EventKind::kScript) {
    while (event.steps.size() < kMostSteps && decode_step(bytes, event.steps)) {
    }
    if (event.steps.empty()) event.steps.push_back({.what = Step::What::kClose, .amount = 0, .bytes = {}});
  }
  return event;
}

}  // namespace

Decoded decode(std::string_view text, std::uint64_t most_attempts) {
  if (auto schedule = parse_schedule(text)) return {.schedule = *std::move(schedule), .is_text = true};
  Bytes bytes(text);
  Schedule schedule;
  while (!bytes.empty() && schedule.entries.size() < std::min<std::uint64_t>(most_attempts, kMostEntries)) {
    schedule.entries.push_back({.event = decode_event(bytes), .count = 1});
  }
  return {.schedule = normal_form(std::move(schedule))};
}

}  // namespace selfconnect::vnet
