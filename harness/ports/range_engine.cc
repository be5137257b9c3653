// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/ports/engine.h"
#include "harness/ports/world_ports.h"

namespace selfconnect {

namespace {

class RangeEngine : public Engine {
 public:
  explicit RangeEngine(const World& world) : world_(world) {}

  [[nodiscard]] std::string_view name() const override { return "range"; }

  Result<void> follow(const Policy& policy, const PolicyScope& scope) override {
    if (policy.kind == PolicyKind::kForce) return force(scope.destination.port, scope.allocator);
    if (policy.kind != PolicyKind::kKernel) {
      return std::unexpected(error(fmt::format(
          "the engine range cannot hand out ports by {}: use --engine hook or notify", policy.text())));
    }
    PortLayout layout = scope.open;
    layout.reserved.insert(scope.never.begin(), scope.never.end());
    return set_port_layout(world_, layout);
  }

  Result<void> force(std::uint16_t port, Allocator allocator) override {
    return set_port_layout(world_, forcing_layout(port, allocator));
  }

  Result<void> release(const std::set<std::uint16_t>& never) override {
    return set_port_layout(world_, open_layout(never));
  }

  Result<bool> probe(const Endpoint& destination, Allocator allocator) override {
    return probe_self_connect(world_, destination, allocator);
  }

 private:
  const World& world_;
};

}  // namespace

std::unique_ptr<Engine> make_range_engine(const World& world) { return std::make_unique<RangeEngine>(world); }

}  // namespace selfconnect
