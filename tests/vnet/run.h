// A run for tests: a virtual host whose overseer only listens.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fuzz/vnet/far_end.h"
#include "fuzz/vnet/host.h"

namespace selfconnect::vnet {

class ListeningOverseer : public Overseer {
 public:
  Attempt attempt(const Endpoint& /*to*/) override { return {}; }
  bool stands_still() override { return false; }
  void called(const char* name) override {
    if (calls.size() < kMost) calls.emplace_back(name);
  }

  static constexpr std::size_t kMost = 100;
  std::vector<std::string> calls;  // the first of them
};

struct TestRun {
  ListeningOverseer overseer;
  Host host{overseer};
  HostScope scope{host};
};

}  // namespace selfconnect::vnet
