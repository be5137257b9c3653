// What `doctor` says about its findings: a line for each, and what to do where something lacks. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/check/capabilities.h"
#include "harness/net/endpoint.h"
#include "harness/sys/error.h"
#include "harness/world/port_facts.h"

namespace selfconnect {

struct Diagnosis {
  std::string kernel;  // uname -r
  std::vector<Probed> abilities;
  Restrictions restrictions;
  Result<PortRange> ephemeral;
  Result<std::vector<PortRange>> reserved;
  std::vector<Endpoint> listeners;
  bool fuzz_engine = false;  // this selfconnect was built with libFuzzer
};

// How to get what lacks, one line each.
[[nodiscard]] std::vector<std::string> remedies(const Probed& missing, const Restrictions& restrictions);

[[nodiscard]] std::string doctor_text(const Diagnosis& diagnosis);

}  // namespace selfconnect
