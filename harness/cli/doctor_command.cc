// selfconnect doctor: what this machine can do, and how to get what is missing. Changes nothing.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdio>

#include "harness/cli/commands.h"
#include "harness/cli/doctor_text.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/outcome.h"

namespace selfconnect {

namespace {

const CommandText kText = {
    .name = "doctor",
    .summary =
        "Say what this machine can do for selfconnect, how to get what is missing, and which services are at "
        "risk.\nExit code 0: check can run here; 77: it cannot. Changes nothing.",
    .usage = "[options]",
    .example = "  selfconnect doctor\n"};

template <class T>
Result<T> read_parsed(const std::string& path, Result<T> (*parse)(std::string_view)) {
  const auto text = read_kernel_text(path);
  return text ? parse(*text) : std::unexpected(text.error());
}

Diagnosis diagnose() {
  std::vector<Endpoint> listeners;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto found = parse_listeners(read_kernel_text(table).value_or(""));  // no IPv6: no file
    listeners.insert(listeners.end(), found.begin(), found.end());
  }
  return {.kernel = read_kernel_text("/proc/sys/kernel/osrelease").value_or("of an unknown release"),
          .abilities = probe_abilities(),
          .restrictions = read_restrictions(),
          .ephemeral = read_parsed("/proc/sys/net/ipv4/ip_local_port_range", parse_port_range),
          .reserved = read_parsed("/proc/sys/net/ipv4/ip_local_reserved_ports", parse_port_list),
          .listeners = std::move(listeners)};
}

}  // namespace

int doctor_command(Arguments arguments) {
  CommandParser parser(kText);
  if (const auto parsed = parser.parse(arguments); !parsed) return stopped(parsed.error());
  const Diagnosis diagnosis = diagnose();
  fmt::print(stdout, "{}", doctor_text(diagnosis));
  return missing_for_check(diagnosis.abilities) == nullptr ? kExitPass : kExitSkip;
}

}  // namespace selfconnect
