// The controls of a fuzz target, each played once per process, when it is first asked for.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuzz/vnet/session/judge.h"
#include "fuzz/vnet/session/session.h"

namespace selfconnect::vnet {

class PlayedControls final : public Controls {
 public:
  explicit PlayedControls(const FuzzTarget& target) : session_(target) {}

  [[nodiscard]] const std::vector<Record>& healthy() override;
  [[nodiscard]] const Record& refused() override;
  [[nodiscard]] const Record& single(const Event& event) override;

  // Says on stderr where the client fails though nothing is wrong: a mistake in the target, most often in its answer.
  void prepare();

 private:
  // Amounts and scripts differ without end; then they are forgotten.
  static constexpr std::size_t kMostSingles = 4096;

  Session session_;
  std::vector<Record> healthy_;
  std::optional<Record> refused_;
  std::unordered_map<std::string, Record> singles_;  // by their events' texts
};

}  // namespace selfconnect::vnet
