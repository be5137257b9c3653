// A cgroup (v2) for the processes that an engine decides for, and for nobody else.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// An owned cgroup, made below the one that this process is in; no controller is switched on. Move-only. When it is
// destroyed, or this process dies however it may, SIGKILL too, a small process that waits for just that (the reaper)
// kills what is left in the cgroup and removes it.
class Cgroup {
 public:
  // Errors: no cgroup v2 here, or no permission to make one.
  static Result<Cgroup> create();

  Cgroup(Cgroup&& other) noexcept = default;
  Cgroup& operator=(Cgroup&& other) noexcept;
  // Returns once it is removed: when all in it have ended.
  ~Cgroup();

  [[nodiscard]] const std::string& name() const { return name_; }   // "selfconnect-4711-9f3c..."
  [[nodiscard]] int directory() const { return directory_.get(); }  // for bpf(2)
  [[nodiscard]] int procs() const { return procs_.get(); }          // cgroup.procs, for writing
  [[nodiscard]] int parent() const { return parent_.get(); }        // the directory it was made in

 private:
  Cgroup() = default;
  void end();

  std::string name_;
  UniqueFd parent_;
  UniqueFd lifeline_;  // the reaper waits for its end
  UniqueFd directory_;
  UniqueFd procs_;
  pid_t reaper_ = -1;
};

// The mount point of the first cgroup v2 hierarchy in /proc/self/mountinfo (proc(5)). Pure.
[[nodiscard]] std::optional<std::string> find_cgroup2_mount(std::string_view mountinfo);

// The path of a process in the cgroup v2 hierarchy, by its /proc/PID/cgroup: "/" or "/user.slice". Pure.
[[nodiscard]] std::optional<std::string> find_cgroup2_path(std::string_view proc_cgroup);

}  // namespace selfconnect
