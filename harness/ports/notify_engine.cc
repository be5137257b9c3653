// SPDX-License-Identifier: MIT
#include "harness/ports/notify_engine.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "harness/ports/port_sequence.h"
#include "harness/world/port_facts.h"

namespace selfconnect {

namespace {

// The network's own range where it is not ours to set, if it can be read and has ports to choose from.
PortLayout layout_at_hand() {
  const auto text_of = [](const char* path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  PortLayout layout;
  const auto range = parse_port_range(text_of("/proc/sys/net/ipv4/ip_local_port_range"));
  const auto reserved = parse_port_list(text_of("/proc/sys/net/ipv4/ip_local_reserved_ports"));
  constexpr std::size_t kEnough = 256;
  if (range && range->high - range->low >= static_cast<int>(kEnough)) {
    layout.low = range->low;
    layout.high = range->high;
  }
  std::set<std::uint16_t> kept_free;
  for (const PortRange& one : reserved.value_or(std::vector<PortRange>{})) {
    for (std::uint32_t port = one.low; port <= one.high; ++port) {
      if (layout.low <= port && port <= layout.high) kept_free.insert(static_cast<std::uint16_t>(port));
    }
  }
  if (kept_free.size() + kEnough <= std::size_t{layout.high} - layout.low) layout.reserved = kept_free;
  return layout;
}

// The ports of a range but `never`, at random.
class OpenPorts {
 public:
  OpenPorts(PortLayout layout, const std::set<std::uint16_t>& never) {
    layout.reserved.insert(never.begin(), never.end());
    for (std::uint32_t port = layout.low; port <= layout.high; ++port) {
      if (layout.reserved.contains(static_cast<std::uint16_t>(port))) continue;
      (port % 2 == layout.low % 2 ? of_connect_ : of_bind_).push_back(static_cast<std::uint16_t>(port));
    }
  }

  std::uint16_t next(Allocator allocator) {
    const auto& ports = allocator == Allocator::kConnect ? of_connect_ : of_bind_;
    return ports[std::uniform_int_distribution<std::size_t>(0, ports.size() - 1)(random_)];
  }

 private:
  std::vector<std::uint16_t> of_connect_, of_bind_;
  std::mt19937 random_;  // its default seed
};

Error cannot_take() { return error("take a process's sockets by pidfd_getfd, which is denied here"); }

}  // namespace

Result<std::unique_ptr<NotifyEngine>> NotifyEngine::create(SocketAccess access, NotifySupervisor::Reach reach,
                                                           const World* world) {
  auto filter = notify_filter(access);
  if (!filter) return std::unexpected(filter.error());
  auto supervisor = NotifySupervisor::start(access, reach);
  if (!supervisor) return std::unexpected(supervisor.error());
  return std::unique_ptr<NotifyEngine>(new NotifyEngine(world, std::move(*filter), std::move(*supervisor)));
}

Confinement NotifyEngine::confinement() const {
  return {.filter = filter_, .listener_to = supervisor_->listener_to()};
}

Result<void> NotifyEngine::force(std::uint16_t port, Allocator) {
  choose_by([port](const Dial& dial) { return dial.busy == 0 ? std::optional(port) : std::nullopt; });
  return {};
}

Result<void> NotifyEngine::release(const std::set<std::uint16_t>& never) {
  const bool at_hand = world_ != nullptr && world_->isolation() == Isolation::kNone;
  auto ports = std::make_shared<OpenPorts>(at_hand ? layout_at_hand() : open_layout({}), never);
  choose_by([ports](const Dial& dial) { return std::optional(ports->next(dial.allocator)); });
  return {};
}

Result<void> NotifyEngine::follow(const Policy& policy, const PolicyScope& scope) {
  const bool once = policy.kind == PolicyKind::kForce;
  auto ports = std::make_shared<PortSequence>(policy, scope.open, scope.never);
  const auto start = std::chrono::steady_clock::now();
  const Endpoint meant = scope.destination;
  choose_by([once, ports, start, meant](const Dial& dial) -> std::optional<std::uint16_t> {
    if (once && dial.busy > 0) return std::nullopt;
    const bool has_destination = dial.allocator == Allocator::kConnect;
    return ports->next(has_destination ? dial.destination : meant, std::chrono::steady_clock::now() - start);
  });
  return {};
}

// One thread hands the ports out, in the order of its events.
std::optional<std::vector<Engine::Call>> NotifyEngine::take_calls() {
  std::vector<Call> calls;
  for (const NotifyEvent& event : take_events()) {
    if (event.dial.allocator != Allocator::kConnect) continue;
    calls.push_back({.at = event.at,
                     .destination = event.dial.destination,
                     .port = event.port,
                     .order = {.turns = ++calls_},
                     .thread = event.thread,
                     .told_before = true});
  }
  if (missed_attempts() > 0) return std::nullopt;
  return calls;
}

Result<std::unique_ptr<NotifyEngine>> make_notify_engine_for_worlds() {
  const auto access = notify_works();
  if (!access) return std::unexpected(access.error());
  if (*access == SocketAccess::kMake) return std::unexpected(cannot_take());
  return NotifyEngine::create(*access, NotifySupervisor::Reach::kAnywhere);
}

Result<std::unique_ptr<NotifyEngine>> make_notify_engine(const World& world) {
  const auto access = notify_works();
  if (!access) return std::unexpected(access.error());
  // Made sockets live in the harness's network.
  const bool here = world.isolation() == Isolation::kNone;
  if (*access == SocketAccess::kMake && !here) {
    return std::unexpected(cannot_take());
  }
  return NotifyEngine::create(
      *access, here ? NotifySupervisor::Reach::kLoopbackOnly : NotifySupervisor::Reach::kAnywhere, &world);
}

}  // namespace selfconnect
