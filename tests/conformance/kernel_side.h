// The kernel's side: real sockets in a network namespace with nothing else in it. Sequences share the namespace but no port, and
// it is replaced when the ports are used up.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "side.h"

namespace selfconnect::conformance {

// The process enters the namespaces, so it must have one thread, and has left the network it had.
class KernelSide final : public Side {
 public:
  // Errors: no namespaces may be made here.
  static Result<KernelSide> create();

  // Aborts when a new namespace cannot be made.
  void run(bool forced, const Body& body) override;
  [[nodiscard]] std::string_view name() const override { return "kernel"; }

 private:
  KernelSide() = default;
  Result<void> enter_new_network();
  void set_ports(bool forced);

  UniqueFd range_, reserved_;  // sysctls of the namespace
  bool forced_ = false;
  std::uint16_t first_port_ = 0;
};

}  // namespace selfconnect::conformance
