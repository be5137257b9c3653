// SPDX-License-Identifier: MIT
#include "harness/ports/hook_engine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <port_hook.skel.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/ports/cgroup.h"
#include "harness/ports/drawn_ahead.h"
#include "harness/ports/hook/member_socket.h"
#include "harness/ports/hook/port_hook.h"
#include "harness/ports/port_sequence.h"
#include "harness/ports/world_ports.h"

namespace selfconnect {

namespace {

struct SkeletonEnd {
  void operator()(port_hook_bpf* skeleton) const { port_hook_bpf__destroy(skeleton); }
};
using Skeleton = std::unique_ptr<port_hook_bpf, SkeletonEnd>;

struct RingEnd {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};
using Ring = std::unique_ptr<ring_buffer, RingEnd>;

Error bpf_error(std::string_view call) {
  const Error failed = errno_error(call);
  if (failed.code != EPERM && failed.code != EACCES) return failed;
  return Error{failed.code, failed.message + "; the engine hook needs root, or CAP_BPF and CAP_NET_ADMIN"};
}

// The errors are ours to tell.
int no_output(libbpf_print_level, const char*, va_list) { return 0; }

Result<Skeleton> load() {
  libbpf_set_print(no_output);
  Skeleton skeleton(port_hook_bpf__open());
  if (!skeleton) return std::unexpected(errno_error("open the BPF program"));
  if (const int failed = port_hook_bpf__load(skeleton.get()); failed != 0) {
    errno = -failed;
    return std::unexpected(bpf_error("load the BPF program"));
  }
  return skeleton;
}

// Links that are descriptors: they go with the harness, however it ends.
Result<void> attach(port_hook_bpf& skeleton, int cgroup) {
  const auto& programs = skeleton.progs;
  auto& links = skeleton.links;
  for (const auto& [program, link] : {std::pair{programs.hook_connect4, &links.hook_connect4},
                                      {programs.hook_connect6, &links.hook_connect6},
                                      {programs.hook_bind4, &links.hook_bind4},
                                      {programs.hook_bind6, &links.hook_bind6}}) {
    *link = bpf_program__attach_cgroup(program, cgroup);
    if (*link == nullptr) return std::unexpected(bpf_error("attach the BPF program to the cgroup"));
  }
  return {};
}

hook_destination to_key(const Endpoint& endpoint) {
  hook_destination key{};
  const std::string_view bytes = endpoint.address.bytes();
  std::ranges::copy(bytes, key.address);
  key.port = endpoint.port;
  key.family = endpoint.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  return key;
}

Endpoint from_key(const hook_destination& key) {
  if (key.family == 0) return {};
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(key.address, bytes.begin());
  if (key.family == AF_INET) return {Address::v4({bytes[0], bytes[1], bytes[2], bytes[3]}), key.port};
  return {Address::v6(bytes), key.port};
}

HookEvent from_raw(const hook_event& raw) {
  return {.call = raw.call == kHookBind ? HookEvent::Call::kBind : HookEvent::Call::kConnect,
          .at = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(raw.time_ns)),
          .destination = from_key(raw.destination),
          .process = static_cast<pid_t>(raw.pid),
          .port = raw.error == 0 ? raw.port : std::uint16_t{0},
          .error = raw.error,
          .turn = raw.took_turn != 0 ? std::optional<std::uint64_t>(raw.turn) : std::nullopt};
}

int keep_event(void* into, void* data, std::size_t size) {
  hook_event raw{};
  std::memcpy(&raw, data, std::min(size, sizeof(raw)));
  static_cast<std::vector<HookEvent>*>(into)->push_back(from_raw(raw));
  return 0;
}

class LoadedHook : public HookEngine {
 public:
  LoadedHook(const World& world, UniqueFd net_ns, Cgroup cgroup, Skeleton skeleton)
      : world_(world),
        net_ns_(std::move(net_ns)),
        skeleton_(std::move(skeleton)),
        cgroup_(std::move(cgroup)) {}

  Result<void> start() {
    ring_.reset(ring_buffer__new(bpf_map__fd(skeleton_->maps.events), keep_event, &events_, nullptr));
    if (!ring_) return std::unexpected(errno_error("map the BPF ring buffer"));
    return attach(*skeleton_, cgroup_.directory());
  }

  [[nodiscard]] std::string_view name() const override { return "hook"; }

  [[nodiscard]] Confinement confinement() const override {
    return {.cgroup_procs = cgroup_.procs(), .filter = {}, .listener_to = -1};
  }

  Result<void> force(std::uint16_t port, Allocator /*allocator*/) override {
    if (auto set = set_port_layout(world_, forcing_layout(port, Allocator::kBind)); !set) return set;
    set_mode(kHookKernel);
    __atomic_store_n(&skeleton_->bss->forced_port, port, __ATOMIC_SEQ_CST);
    set_mode(kHookForce);
    return {};
  }

  Result<void> release(const std::set<std::uint16_t>& never) override {
    set_mode(kHookKernel);
    return set_port_layout(world_, open_layout(never));
  }

  Result<bool> probe(const Endpoint& destination, Allocator allocator) override {
    const int domain = destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
    auto socket = make_member_socket(cgroup_.procs(), net_ns_.get(), domain);
    if (!socket) return std::unexpected(socket.error());
    auto connected = connects_to_itself(std::move(*socket), destination, allocator);
    forget_attempts();
    return connected;
  }

  Result<void> follow(const Policy& policy, const PolicyScope& scope) override {
    set_mode(kHookKernel);
    if (policy.kind == PolicyKind::kKernel) return {};
    if (policy.kind == PolicyKind::kForce) {
      if (scope.never.contains(scope.destination.port)) return {};
      // For bind() to port 0 as in force(). Else nobody but the program gives the port out.
      PortLayout layout = scope.open;
      layout.reserved.insert(scope.destination.port);
      if (scope.allocator == Allocator::kBind)
        layout = forcing_layout(scope.destination.port, Allocator::kBind);
      if (auto set = set_port_layout(world_, layout); !set) return set;
      set_mode(kHookOwn);
      return {};
    }
    auto& shared = *skeleton_->bss;
    __atomic_store_n(&shared.table_size, 0U, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared.turns, 0ULL, __ATOMIC_SEQ_CST);
    drawn_ahead_.reset();
    std::size_t size = 0;
    if (policy.kind == PolicyKind::kSequential) {
      const auto cycle = port_cycle(policy, scope.open, scope.never);
      std::ranges::copy(cycle, shared.table);
      size = cycle.size();
    } else {
      drawn_ahead_.emplace(PortSequence(policy, scope.open, scope.never), scope.destination, shared.table);
      if (drawn_ahead_->refill(0, {})) size = kHookTable;
    }
    if (size == 0)
      return std::unexpected(error("apply the policy " + policy.text() + ": it has no port to hand out"));
    followed_since_ = std::chrono::steady_clock::now();
    __atomic_store_n(&shared.table_size, static_cast<std::uint32_t>(size), __ATOMIC_SEQ_CST);
    set_mode(kHookTurns);
    return {};
  }

  Result<void> keep_up() override {
    if (!drawn_ahead_) return {};
    const std::uint64_t turns = __atomic_load_n(&skeleton_->bss->turns, __ATOMIC_SEQ_CST);
    if (drawn_ahead_->refill(turns, std::chrono::steady_clock::now() - followed_since_)) return {};
    return std::unexpected(
        error("the target dials faster than the engine hook draws ports, and was given some twice: --engine "
              "notify draws each when it is asked for"));
  }

  [[nodiscard]] std::uint64_t attempts(const Endpoint& destination) const override {
    const hook_destination key = to_key(destination);
    std::uint64_t count = 0;
    return bpf_map_lookup_elem(attempts_map(), &key, &count) == 0 ? count : 0;
  }

  std::optional<std::vector<Call>> take_calls() override {
    const HookEvents told = take_events();
    if (told.lost > 0) return std::nullopt;
    std::vector<Call> calls;
    for (const HookEvent& event : told.events) {
      const CallOrder order = order_of(event);
      if (event.call == HookEvent::Call::kConnect)
        calls.push_back(
            {.at = event.at, .destination = event.destination, .port = event.port, .order = order});
    }
    return calls;
  }

  HookEvents take_events() override {
    ring_buffer__consume(ring_.get());
    return {std::exchange(events_, {}), __atomic_load_n(&skeleton_->bss->events_dropped, __ATOMIC_SEQ_CST)};
  }

 private:
  CallOrder order_of(const HookEvent& event) {
    if (!event.turn) return {.turns = turns_told_, .then = ++without_turn_};
    turns_told_ = std::max(turns_told_, *event.turn + 1);
    return {.turns = *event.turn + 1};
  }

  void set_mode(hook_mode mode) {
    __atomic_store_n(&skeleton_->bss->mode, static_cast<std::uint32_t>(mode), __ATOMIC_SEQ_CST);
  }

  [[nodiscard]] int attempts_map() const { return bpf_map__fd(skeleton_->maps.attempts); }

  // The probe's own are nobody's.
  void forget_attempts() {
    (void)take_events();
    hook_destination key{};
    while (bpf_map_get_next_key(attempts_map(), nullptr, &key) == 0)
      bpf_map_delete_elem(attempts_map(), &key);
  }

  const World& world_;
  UniqueFd net_ns_;
  Skeleton skeleton_;
  Cgroup cgroup_;  // ends before the programs: its processes never dial without them
  std::vector<HookEvent> events_;
  Ring ring_;
  std::optional<DrawnAhead> drawn_ahead_;  // random and the models
  std::chrono::steady_clock::time_point followed_since_;
  std::uint64_t turns_told_ = 0, without_turn_ = 0;  // by take_calls()
};

}  // namespace

Result<std::unique_ptr<HookEngine>> make_hook_engine(const World& world) {
  auto net_ns = world.net_ns(Network::kNear);
  if (!net_ns) return std::unexpected(net_ns.error());
  auto skeleton = load();
  if (!skeleton) return std::unexpected(skeleton.error());
  auto cgroup = Cgroup::create();
  if (!cgroup) return std::unexpected(cgroup.error());
  auto engine =
      std::make_unique<LoadedHook>(world, std::move(*net_ns), std::move(*cgroup), std::move(*skeleton));
  if (auto started = engine->start(); !started) return std::unexpected(started.error());
  return engine;
}

}  // namespace selfconnect
