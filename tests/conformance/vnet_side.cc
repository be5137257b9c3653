// SPDX-License-Identifier: MIT
#include "vnet_side.h"

#include <csignal>

#include "client.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/network.h"

namespace selfconnect::conformance {

namespace {

constexpr Ports kVnetPorts = {20000, 20064, 20066};

// No time limit of a call is near that: the kernel's side does not wait for longer either.
constexpr vnet::Time kPatience = std::chrono::milliseconds(300);

class ToTheHostItself final : public vnet::Overseer, public CallGuard {
 public:
  explicit ToTheHostItself(bool forced) : forced_(forced) {}

  vnet::Attempt attempt(const Endpoint& to) override {
    vnet::Attempt attempt;
    if (forced_ && to.port == kVnetPorts[0]) attempt.port = vnet::Attempt::Port::kDialled;
    return attempt;
  }
  bool stands_still() override { return false; }
  void time_moves(vnet::Time to) override {
    if (guarded_ && to - vnet::current_host()->now() > kPatience) throw WaitsTooLong();
  }
  void raised(int signal) override { std::raise(signal); }

  void begin(const Call& /*call*/) override { guarded_ = true; }
  void end() override { guarded_ = false; }

 private:
  bool guarded_ = false;
  bool forced_;
};

}  // namespace

VnetSide::VnetSide() {
  vnet::Descriptors::reserve();
  handle_signals();
}

void VnetSide::run(bool forced, const Body& body) {
  ToTheHostItself overseer(forced);
  vnet::Host host(overseer);
  const vnet::HostScope current(host);
  VnetStack stack;
  body(stack, kVnetPorts, overseer);
}

}  // namespace selfconnect::conformance
