// What this machine's network says about local ports, read from /proc. Changes nothing. Used by `doctor`, `predict` and `measure`.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/policy.h"
#include "harness/sys/error.h"
#include "harness/world/port_facts.h"

namespace selfconnect {

struct HostPorts {
  Result<PortRange> ephemeral;
  Result<std::vector<PortRange>> reserved;
  std::vector<Endpoint> listeners;  // TCP, both families
};

[[nodiscard]] HostPorts read_host_ports();

// The model of the kernel that runs; the newest where its release tells nothing.
[[nodiscard]] PolicyKind running_kernel();

}  // namespace selfconnect
