// SPDX-License-Identifier: MIT
#include "harness/cli/host_ports.h"

#include "harness/ports/allocator_model.h"
#include "harness/sys/kernel_release.h"

#include <string>
#include <string_view>

#include "harness/check/capabilities.h"

namespace selfconnect {

namespace {

template <class T>
Result<T> read_parsed(const std::string& path, Result<T> (*parse)(std::string_view)) {
  const auto text = read_kernel_text(path);
  return text ? parse(*text) : std::unexpected(text.error());
}

}  // namespace

HostPorts read_host_ports() {
  std::vector<Endpoint> listeners;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto found = parse_listeners(read_kernel_text(table).value_or(""));  // no IPv6: no file
    listeners.insert(listeners.end(), found.begin(), found.end());
  }
  return {.ephemeral = read_parsed("/proc/sys/net/ipv4/ip_local_port_range", parse_port_range),
          .reserved = read_parsed("/proc/sys/net/ipv4/ip_local_reserved_ports", parse_port_list),
          .listeners = std::move(listeners)};
}

PolicyKind running_kernel() { return model_of_release(kernel_release()).value_or(PolicyKind::kLinux5_18); }

}  // namespace selfconnect
