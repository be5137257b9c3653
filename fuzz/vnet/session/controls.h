// The controls of a fuzz target, each played once per process, when it is first asked for.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/vnet/session/judge.h"
#include "fuzz/vnet/session/session.h"

namespace selfconnect::vnet {

class PlayedControls final : public Controls {
 public:
  explicit PlayedControls(const FuzzTarget& target) : session_(target) {}

  [[nodiscard]] const std::vector<Record>& healthy() override;
  [[nodiscard]] const Record& refused() override;
  [[nodiscard]] bool goes_on_after(const Event& event) override;

  // Says on stderr where the client fails though nothing is wrong: a mistake in the target, most often in its answer.
  void prepare();

 private:
  // What was last found out about an event with this hash. No memory is taken for it in a life: fuzzers take that for a leak.
  struct Known {
    std::uint64_t hash = 0;
    bool goes_on = false;
  };

  Session session_;
  std::vector<Record> healthy_;
  std::optional<Record> refused_;
  std::vector<Known> known_ = std::vector<Known>(4096);
};

}  // namespace selfconnect::vnet
