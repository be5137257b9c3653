// SPDX-License-Identifier: MIT
#include "measured.h"

#include <gtest/gtest.h>

#include "machine.h"
#include "privilege.h"

namespace selfconnect::testing {

Measured measure(const Arguments& arguments) {
  Arguments words = {"measure", "--json", "-"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Measured measured{.called = call(words), .report = {}};
  measured.report = nlohmann::json::parse(measured.called.out, nullptr, false);
  return measured;
}

std::ostream& operator<<(std::ostream& stream, const Measured& measured) {
  return stream << ::testing::PrintToString(measured.called);
}

void need_engine(const std::string& engine) {
  SELFCONNECT_NEEDS("netns", why_no_world());
  if (engine == "hook") {
    SELFCONNECT_NEEDS("bpf", why_no_hook());
  }
}

}  // namespace selfconnect::testing
