// What the engine `notify` asks whoever decides the ports: a value per question.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "harness/net/endpoint.h"
#include "harness/ports/layout.h"

namespace selfconnect {

// A TCP socket without a port is about to be given one: the target has called connect(), or bind() to port 0, and waits.
struct Dial {
  Allocator allocator = Allocator::kConnect;
  Endpoint destination;       // at bind() not known yet: the address that is bound, port 0
  std::uint64_t attempt = 0;  // from 1, per destination; at bind() 0
  unsigned busy = 0;          // ports given for this same question before that turned out to be taken
};

// The port for it; nothing: the kernel's own choice. Called on the supervisor's thread, one question at a time. The call
// that waits goes on only after the answer, so the answer may take its time: that is where a world is made ready for
// exactly this attempt. All other calls of the target wait meanwhile.
using ChoosePort = std::function<std::optional<std::uint16_t>(const Dial&)>;

}  // namespace selfconnect
