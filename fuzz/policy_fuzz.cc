// The text form of port policies: whatever is read is written in a form that reads back as the same value.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/ports/policy.h"
#include "require.h"

using selfconnect::parse_policy;
using selfconnect::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = parse_policy({reinterpret_cast<const char*>(data), size});
  if (!policy) {
    require(!policy.error().message.empty(), "a refusal says why");
    return 0;
  }
  require(parse_policy(policy->text()) == policy, "what is written reads back as the same");
  return 0;
}
