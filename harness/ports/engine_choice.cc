// SPDX-License-Identifier: MIT
#include "harness/ports/engine_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "harness/ports/hook_engine.h"
#include "harness/ports/notify_engine.h"

namespace selfconnect {

namespace {

constexpr std::uint16_t kProbePort = 50000;

template <class T>
Result<std::unique_ptr<Engine>> as_engine(Result<std::unique_ptr<T>> made) {
  if (!made) return std::unexpected(made.error());
  return std::unique_ptr<Engine>(std::move(*made));
}

Result<std::unique_ptr<Engine>> make_any(EngineChoice choice, const World& world) {
  switch (choice) {
    case EngineChoice::kRange:
      return make_range_engine(world);
    case EngineChoice::kHook:
      return as_engine(make_hook_engine(world));
    case EngineChoice::kNotify:
      return as_engine(make_notify_engine(world));
    case EngineChoice::kAuto:
      break;
  }
  return std::unexpected(error("no engine is named auto"));
}

Result<void> try_engine(EngineChoice choice, const World& world) {
  auto engine = make_any(choice, world);
  if (!engine) return std::unexpected(engine.error());
  if (auto forced = (*engine)->force(kProbePort, Allocator::kConnect); !forced) return forced;
  const auto connected =
      (*engine)->probe({Address::loopback(Family::kIpv4), kProbePort}, Allocator::kConnect);
  const auto released = (*engine)->release({});
  if (!connected) return std::unexpected(connected.error());
  if (!*connected) return std::unexpected(error("a probe did not connect to itself"));
  return released;
}

bool is_denied(const Error& error) {
  // ENOSPC: user.max_user_namespaces and its like; ENOSYS, EINVAL: a filter or a kernel without them.
  static constexpr std::array kDenials = {EPERM, EACCES, ENOSPC, EUSERS, ENOSYS, EINVAL};
  return std::ranges::find(kDenials, error.code) != kDenials.end();
}

}  // namespace

std::string_view engine_name(EngineChoice choice) {
  static constexpr std::array<std::string_view, 4> kNames = {"auto", "range", "hook", "notify"};
  return kNames.at(static_cast<std::size_t>(choice));
}

Result<std::unique_ptr<Engine>> make_engine(EngineChoice choice, const World& world) {
  auto engine = make_any(choice, world);
  if (!engine) return std::unexpected(engine.error().during(fmt::format("engine {}", engine_name(choice))));
  return engine;
}

Result<BestEngine> choose_engine(EngineChoice asked, const World& world,
                                 std::span<const EngineChoice> order) {
  if (asked != EngineChoice::kAuto) return BestEngine{asked, "asked for"};
  std::string lacking;
  for (const EngineChoice choice : order) {
    const auto tried = try_engine(choice, world);
    if (tried) return BestEngine{choice, fmt::format("{}{} works here", lacking, engine_name(choice))};
    lacking += fmt::format("{}: {}; ", engine_name(choice), tried.error().message);
  }
  return std::unexpected(
      error(fmt::format("no engine works here: {}", lacking.substr(0, lacking.size() - 2))));
}

std::optional<BestEngine> choose_engine_at_hand(EngineChoice asked, const Error& denied) {
  const bool asked_for = asked == EngineChoice::kAuto || asked == EngineChoice::kNotify;
  if (!asked_for || !is_denied(denied) || !notify_works()) return std::nullopt;
  return BestEngine{
      EngineChoice::kNotify,
      fmt::format("no namespace can be made here ({}); notify works in the network at hand", denied.message)};
}

}  // namespace selfconnect
