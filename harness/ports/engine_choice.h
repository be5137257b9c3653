// Which engine: the user's word for it, and the engine that comes of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/ports/engine.h"

namespace selfconnect {

enum class EngineChoice { kAuto, kRange, kHook, kNotify };
[[nodiscard]] std::string_view engine_name(EngineChoice choice);  // "auto", "range", "hook", "notify"

// An engine of the world, which must outlive it; not for kAuto. Errors: it lacks here, and what to do about it.
Result<std::unique_ptr<Engine>> make_engine(EngineChoice choice, const World& world);

// What `auto` comes to.
struct BestEngine {
  EngineChoice choice = EngineChoice::kRange;
  std::string reason;  // "range works here", or why those before it do not
};

// The one that was asked for, untried; for kAuto the first of range, hook, notify with which a probe connects to itself:
// `range` changes nothing about the client's sockets, `hook` binds them, `notify` stops the client as well. Trying forces
// ports in the world, and leaves the kernel's default range behind. `first`: those before it cannot do what is wanted. The
// error says why none of them works.
Result<BestEngine> choose_engine(EngineChoice asked, const World& world,
                                 EngineChoice first = EngineChoice::kRange);

}  // namespace selfconnect
