// One call of selfconnect measure and its report.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "checked.h"
#include "child.h"

namespace selfconnect::testing {

struct Measured {
  Called called;
  nlohmann::json report;  // discarded: none was written
};

Measured measure(const Arguments& arguments);

std::ostream& operator<<(std::ostream& stream, const Measured& measured);

// In a SetUp(): skips the test, or fails it (capability.h), where that engine does not work in a world here.
void need_engine(const std::string& engine);

}  // namespace selfconnect::testing
