// selfconnect doctor: what this machine can do, and how to get what is missing. Changes nothing.
// SPDX-License-Identifier: MIT

#include <cstdio>

#include "harness/campaign/fuzz_engine.h"
#include "harness/cli/commands.h"
#include "harness/cli/doctor_text.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/host_ports.h"
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

Diagnosis diagnose() {
  HostPorts ports = read_host_ports();
  return {.kernel = read_kernel_text("/proc/sys/kernel/osrelease").value_or("of an unknown release"),
          .abilities = probe_abilities(),
          .restrictions = read_restrictions(),
          .ephemeral = std::move(ports.ephemeral),
          .reserved = std::move(ports.reserved),
          .listeners = std::move(ports.listeners),
          .fuzz_engine = has_fuzz_engine()};
}

}  // namespace

int doctor_command(Arguments arguments) {
  CommandParser parser(kText);
  if (const auto parsed = parser.parse(arguments); !parsed) return stopped(parsed.error());
  const Diagnosis diagnosis = diagnose();
  say(stdout, doctor_text(diagnosis));
  return missing_for_check(diagnosis.abilities) == nullptr ? kExitPass : kExitSkip;
}

}  // namespace selfconnect
