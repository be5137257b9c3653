// A run for tests: a virtual host whose overseer only counts.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "fuzz/vnet/far_end.h"
#include "fuzz/vnet/host.h"

namespace selfconnect::vnet {

class CountingOverseer : public Overseer {
 public:
  Attempt attempt(const Endpoint& /*to*/) override { return {}; }
  bool stands_still() override { return false; }
  void called(const char* name) override { calls.emplace_back(name); }

  std::vector<std::string> calls;
};

struct TestRun {
  CountingOverseer overseer;
  Host host{overseer};
  HostScope scope{host};
};

}  // namespace selfconnect::vnet
