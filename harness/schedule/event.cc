// SPDX-License-Identifier: MIT
#include "harness/schedule/event.h"

#include <array>

namespace selfconnect {

std::string_view event_name(EventKind kind) {
  static constexpr std::array<std::string_view, kEventKinds> kNames = {
      "refuse",  "self", "serve",     "close",      "reset",    "silent",
      "garbage", "drop", "exhausted", "half-close", "truncate", "script"};
  return kNames.at(static_cast<std::size_t>(kind));
}

bool is_accepted(EventKind kind) {
  switch (kind) {
    case EventKind::kRefuse:
    case EventKind::kSelf:
    case EventKind::kDrop:
    case EventKind::kExhausted:
      return false;
    default:
      return true;
  }
}

bool leaves_nothing_to_wait_for(EventKind kind) {
  switch (kind) {
    case EventKind::kRefuse:
    case EventKind::kSelf:
    case EventKind::kExhausted:
    case EventKind::kClose:
    case EventKind::kReset:
    case EventKind::kHalfClose:
      return true;
    default:
      return false;
  }
}

bool is_network_failure(EventKind kind) {
  switch (kind) {
    case EventKind::kRefuse:
    case EventKind::kSelf:
    case EventKind::kDrop:
    case EventKind::kExhausted:
    case EventKind::kReset:
    case EventKind::kClose:
      return true;
    default:
      return false;
  }
}

}  // namespace selfconnect
