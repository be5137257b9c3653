// Tests that need something of the machine (namespaces, capture, a client program) ask for it here, and are
// skipped with the reason where it lacks. $SELFCONNECT_EXPECT (names with commas between them, or "all")
// turns such a skip into a failure, so that coverage cannot vanish by skipping; ci/test sets it.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ranges>
#include <string>
#include <string_view>

namespace selfconnect {

// Whether `list` (the form of $SELFCONNECT_EXPECT; nullptr: unset) names the capability.
[[nodiscard]] inline bool is_expected_capability(std::string_view capability, const char* list) {
  return std::ranges::any_of(std::string_view(list == nullptr ? "" : list) | std::views::split(','),
                             [&](const auto& part) {
                               const std::string_view name(part.begin(), part.end());
                               return name == capability || name == "all";
                             });
}

}  // namespace selfconnect

// In a test body or SetUp(): goes on when `missing`, a string, is empty; otherwise it is the reason why the
// capability lacks, and the test ends here: SELFCONNECT_NEEDS("netns", why_no_namespace());
// PASS output: "needs netns: unshare(CLONE_NEWNET): Operation not permitted" on a skip; ci/check-skips reads
// it.
#define SELFCONNECT_NEEDS(capability, missing)                                                            \
  GTEST_AMBIGUOUS_ELSE_BLOCKER_                                                                           \
  if (const std::string selfconnect_missing(missing); selfconnect_missing.empty())                        \
    ;                                                                                                     \
  else if (selfconnect::is_expected_capability(capability, std::getenv("SELFCONNECT_EXPECT")))            \
    FAIL() << "needs " << (capability) << ", which $SELFCONNECT_EXPECT expects: " << selfconnect_missing; \
  else                                                                                                    \
    GTEST_SKIP() << "needs " << (capability) << ": " << selfconnect_missing
