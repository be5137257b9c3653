// The calls of connect() whose SYN has not been seen yet: which call a SYN is of. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <list>
#include <optional>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/engine.h"

namespace selfconnect {

class OpenCalls {
 public:
  // Those whose port the kernel chooses are no use here, and left out.
  void add(const Engine::Call& call);

  // The call that sent a SYN from `source` to `destination` at about `now`; nothing where it is not known. It is not open any more
  // then.
  std::optional<Engine::Call> take(const Endpoint& source, const Endpoint& destination,
                                   std::chrono::steady_clock::time_point now);

  // Whether the SYN of a call that was made at `time` or before may still come.
  [[nodiscard]] bool has_from_before(std::chrono::steady_clock::time_point time,
                                     std::chrono::steady_clock::time_point now) const;

  // A call that has sent no SYN for so long sends none.
  static constexpr std::chrono::milliseconds kLongest{500};
  // Calls that never send one are kept as well, so many in all; then all are forgotten.
  static constexpr std::size_t kMost = 65536;

 private:
  std::vector<std::list<Engine::Call>> by_port_ = std::vector<std::list<Engine::Call>>(65536);
  std::size_t count_ = 0;
};

}  // namespace selfconnect
