// SPDX-License-Identifier: MIT
#include "harness/campaign/worker_message.h"

#include <fmt/format.h>
#include <limits.h>

#include <algorithm>
#include <array>

namespace selfconnect {

namespace {

constexpr std::array<std::string_view, 10> kNames = {"ready",     "finding",  "seen", "unsettled", "unsaved",
                                                     "contained", "unjudged", "note", "skip",      "error"};

}  // namespace

std::string to_line(const WorkerMessage& message) {
  std::string line = fmt::format("{} {}", kNames.at(static_cast<std::size_t>(message.what)), message.text);
  line.resize(std::min<std::size_t>(line.size(), PIPE_BUF - 1));
  std::ranges::replace(line, '\n', ' ');
  return line + '\n';
}

std::optional<WorkerMessage> message_from_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto name = std::ranges::find(kNames, line.substr(0, space));
  if (name == kNames.end()) return std::nullopt;
  return WorkerMessage{static_cast<WorkerMessage::What>(name - kNames.begin()),
                       std::string(line.substr(space + 1))};
}

}  // namespace selfconnect
