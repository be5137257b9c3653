// Runs code in a child under the filter of the engine `notify`, as a target without an exec.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>

#include "harness/sys/unique_fd.h"
#include "harness/world/confinement.h"

namespace selfconnect::testing {

// Killed and reaped at the end of its life, where finish() has not done it.
class ConfinedChild {
 public:
  // EXPECT works in `body`. The child has one thread, to begin with.
  ConfinedChild(const Confinement& confinement, const std::function<void()>& body);
  ~ConfinedChild();
  ConfinedChild(const ConfinedChild&) = delete;
  ConfinedChild& operator=(const ConfinedChild&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill();
  // Waits for its end: its failures become one of the caller's. Its wait status.
  int finish();

 private:
  pid_t pid_ = -1;
};

// Both: until its end, which must be a success.
void in_confined_child(const Confinement& confinement, const std::function<void()>& body);

}  // namespace selfconnect::testing
