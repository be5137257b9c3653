// SPDX-License-Identifier: MIT
#include <array>

#include "harness/ports/engine.h"

namespace selfconnect {

namespace {

class RangeEngine : public Engine {
 public:
  explicit RangeEngine(const World& world) : world_(world) {}

  [[nodiscard]] std::string_view name() const override { return "range"; }

  Result<void> force(std::uint16_t port, Allocator allocator) override {
    return apply(forcing_layout(port, allocator));
  }

  Result<void> release(const std::set<std::uint16_t>& never) override {
    // The reserved ports first: from that write on no connect() is given one of them, in the old range or the
    // new.
    return apply(open_layout(never));
  }

 private:
  Result<void> apply(const PortLayout& layout) {
    // With a line end, for an empty write would leave the old list standing.
    const std::string reserved = layout.reserved_text() + "\n";
    const std::string range = layout.range_text();
    const std::array<World::Sysctl, 2> sysctls{
        {{"net/ipv4/ip_local_reserved_ports", reserved}, {"net/ipv4/ip_local_port_range", range}}};
    return world_.set_sysctls(sysctls);
  }

  const World& world_;
};

}  // namespace

std::unique_ptr<Engine> make_range_engine(const World& world) { return std::make_unique<RangeEngine>(world); }

}  // namespace selfconnect
