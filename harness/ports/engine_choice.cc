// SPDX-License-Identifier: MIT
#include "harness/ports/engine_choice.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

#include "harness/ports/hook_engine.h"
#include "harness/ports/notify_engine.h"

namespace selfconnect {

namespace {

constexpr std::uint16_t kProbePort = 50000;

template <class T>
Result<std::unique_ptr<Engine>> as_engine(std::string_view name, Result<std::unique_ptr<T>> made) {
  if (!made) return std::unexpected(made.error().during(name));
  return std::unique_ptr<Engine>(std::move(*made));
}

Result<void> try_engine(EngineChoice choice, const World& world) {
  auto engine = make_engine(choice, world);
  if (!engine) return std::unexpected(engine.error());
  if (auto forced = (*engine)->force(kProbePort, Allocator::kConnect); !forced) return forced;
  const auto connected =
      (*engine)->probe({Address::loopback(Family::kIpv4), kProbePort}, Allocator::kConnect);
  const auto released = (*engine)->release({});
  if (!connected) return std::unexpected(connected.error());
  if (!*connected) return std::unexpected(error("a probe did not connect to itself"));
  return released;
}

}  // namespace

std::string_view engine_name(EngineChoice choice) {
  static constexpr std::array<std::string_view, 4> kNames = {"auto", "range", "hook", "notify"};
  return kNames.at(static_cast<std::size_t>(choice));
}

Result<std::unique_ptr<Engine>> make_engine(EngineChoice choice, const World& world) {
  switch (choice) {
    case EngineChoice::kRange:
      return make_range_engine(world);
    case EngineChoice::kHook:
      return as_engine("engine hook", make_hook_engine(world));
    case EngineChoice::kNotify:
      return as_engine("engine notify", make_notify_engine(world));
    case EngineChoice::kAuto:
      break;
  }
  return std::unexpected(error("no engine is named auto"));
}

Result<BestEngine> choose_engine(EngineChoice asked, const World& world, EngineChoice first) {
  if (asked != EngineChoice::kAuto) return BestEngine{asked, "asked for"};
  std::string lacking;
  for (const EngineChoice choice : {EngineChoice::kRange, EngineChoice::kHook, EngineChoice::kNotify}) {
    if (choice < first) continue;
    const auto tried = try_engine(choice, world);
    if (tried) return BestEngine{choice, fmt::format("{}{} works here", lacking, engine_name(choice))};
    lacking += fmt::format("{}: {}; ", engine_name(choice), tried.error().message);
  }
  return std::unexpected(
      error(fmt::format("no engine works here: {}", lacking.substr(0, lacking.size() - 2))));
}

}  // namespace selfconnect
