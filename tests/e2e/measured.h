// One call of selfconnect measure and its report.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "checked.h"
#include "child.h"

namespace selfconnect::testing {

struct Measured {
  Called called;
  nlohmann::json report;  // discarded: none was written
};

Measured measure(const Arguments& arguments);

std::ostream& operator<<(std::ostream& stream, const Measured& measured);

}  // namespace selfconnect::testing
