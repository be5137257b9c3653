// A command run by a test: started, waited for, signalled, its output read at any time. Whatever is still alive at the
// end of the test is killed.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/sys/unique_fd.h"

namespace selfconnect::testing {

using Arguments = std::vector<std::string>;

struct ChildSpec {
  Arguments command;  // the first with a slash, or looked up in PATH
  std::vector<std::pair<std::string, std::string>> environment;  // added to the test's own
  std::string directory;                                         // empty: the test's own
  std::function<void()> prepare;  // in the child, just before exec; ends it with _exit where it fails
  int out = -1;                   // where standard output goes; -1: kept for out()
  int err = -1;                   // likewise
};

inline constexpr int kPrepareFailed = 126;

class Child {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Child(const ChildSpec& spec);
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;

  // The status as a shell has it: an exit code, or 128 plus a signal's number; nothing when it lives on.
  std::optional<int> wait(std::chrono::nanoseconds longest);

  [[nodiscard]] std::string out() const;  // all so far
  [[nodiscard]] std::string err() const;

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd out_;  // anonymous files: nothing has to read along
  UniqueFd err_;
  std::optional<int> status_;
};

// Looks again until the condition holds (true) or the time is up (false).
bool eventually(const std::function<bool()>& condition,
                std::chrono::nanoseconds longest = std::chrono::seconds(20));

}  // namespace selfconnect::testing
