// Which engine: the user's word for it, and the engine that comes of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
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

// `range` changes nothing about the client's sockets, `hook` binds them, `notify` stops the client as well.
inline constexpr std::array kGentlestFirst = {EngineChoice::kRange, EngineChoice::kHook,
                                              EngineChoice::kNotify};

// The one that was asked for, untried; for kAuto the first of `order` with which a probe connects to itself. Trying forces
// ports in the world, and leaves the kernel's default range behind. The error says why none of them works.
Result<BestEngine> choose_engine(EngineChoice asked, const World& world,
                                 std::span<const EngineChoice> order = kGentlestFirst);

// Where no world of its own can be made for a client, for the reason `denied`: notify in the network at hand
// (World::here()). Nothing where another engine is asked for, notify does not work either, or it is no denial: a lack of memory or
// descriptors, say, is an error everywhere.
std::optional<BestEngine> choose_engine_at_hand(EngineChoice asked, const Error& denied);

}  // namespace selfconnect
