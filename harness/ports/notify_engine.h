// The engine `notify`: the target's connect() and its bind() to port 0 stop at a seccomp filter, and a thread of the
// harness gives the socket its port before the call goes on. Works for any user, with no namespace and no capability, for
// threads, forked children and static programs alike; not for connections made through io_uring. The filter needs
// no_new_privs (prctl(2)), so setuid programs started by the target gain no privilege under it.
//
// What differs from a port that the kernel chooses: the socket is bound, as by the client's own bind(). A socket that is
// dialled again after a refusal keeps its port; a port in TIME_WAIT is not taken again, unless the client has set
// SO_REUSEADDR; and no connect() in the same network is handed the port meanwhile.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "harness/ports/engine.h"
#include "harness/ports/notify_supervisor.h"
#include "harness/ports/policy.h"

namespace selfconnect {

class NotifyEngine : public Engine {
 public:
  // Errors: libseccomp's, no memory, no thread. Whether the engine can work is notify_works()'s business.
  // `world`: where probe() dials, and must outlive the engine; nullptr: in the network at hand.
  static Result<std::unique_ptr<NotifyEngine>> create(SocketAccess access, NotifySupervisor::Reach reach,
                                                      const World* world = nullptr);

  [[nodiscard]] std::string_view name() const override { return "notify"; }
  // For every process that the engine is to decide for. Valid as long as the engine.
  [[nodiscard]] Confinement confinement() const override;

  [[nodiscard]] bool was_asked() const override { return supervisor_->was_asked(); }

  // By whichever of connect() and bind() the target asks; `allocator` does not matter.
  Result<void> force(std::uint16_t port, Allocator allocator) override;

  // A random free port of the kernel's default range (in World::here() of the network's own), of the parity that the kernel prefers for connect() (even) or bind()
  // (odd): what the kernel itself chooses cannot be kept from `never` here. The same ports in every run.
  Result<void> release(const std::set<std::uint16_t>& never) override;

  // A bind() to port 0, which has no destination yet, takes the policy's next port for that of the scope.
  Result<void> follow(const Policy& policy, const PolicyScope& scope) override;

  // By a child that is stopped as a target is.
  Result<bool> probe(const Endpoint& destination, Allocator allocator) override;

  // By any other rule, attempt by attempt.
  void choose_by(ChoosePort choose) { supervisor_->choose_by(std::move(choose)); }

  // From the next stopped connect() on; choose_by() goes on for bind() to port 0. See NotifySupervisor.
  void dial_by(TakeDial take) { supervisor_->dial_by(std::move(take)); }
  void forget_attempts() { supervisor_->forget_attempts(); }

  // Told before they go on. nullopt: not of all.
  std::optional<std::vector<Call>> take_calls() override;

  [[nodiscard]] std::vector<NotifyEvent> take_events() { return supervisor_->take_events(); }
  [[nodiscard]] std::uint64_t missed_attempts() { return supervisor_->missed_attempts(); }

 private:
  NotifyEngine(const World* world, std::vector<sock_filter> filter,
               std::unique_ptr<NotifySupervisor> supervisor)
      : world_(world), filter_(std::move(filter)), supervisor_(std::move(supervisor)) {}

  const World* world_;
  std::vector<sock_filter> filter_;
  std::unique_ptr<NotifySupervisor> supervisor_;
  std::uint64_t calls_ = 0;  // told by take_calls()
};

// For a world: sockets are taken where that works, else made (World::here() only). In World::here() the target's TCP
// stays on loopback addresses. Errors: why notify does not work here.
Result<std::unique_ptr<NotifyEngine>> make_notify_engine(const World& world);

// For any number of worlds, one after the other: whoever dials is told apart by dial_by() alone. Errors: as above.
Result<std::unique_ptr<NotifyEngine>> make_notify_engine_for_worlds();

// Whether a process of ours may be stopped and seen into, by trying it on one: how its sockets are come by, or why it
// cannot be done. Takes a millisecond.
Result<SocketAccess> notify_works();

}  // namespace selfconnect
