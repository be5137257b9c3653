// A process that dials in a world, when it is told to. It is made once and dials many times, so that what it costs to
// get there - namespaces, cgroup, filter - is in no figure.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "bench/dialling.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/confinement.h"
#include "harness/world/world.h"

namespace selfconnect::bench {

// Move-only; ends its process when it ends. The worlds must outlive it.
class Dialler {
 public:
  // `worlds`: one for each thread, the same one or others (that needs root). Each thread has its own table of descriptors
  // (unshare(2), CLONE_FILES). Errors: which step the process could not take.
  static Result<Dialler> start(const std::vector<const World*>& worlds, const Loop& loop,
                               const Confinement& confinement = {});
  Dialler(Dialler&&) = default;
  Dialler& operator=(Dialler&&) = delete;
  ~Dialler();

  // So many attempts by each thread, after some that are not counted. The wall time is the longest of a thread's, from the
  // moment at which all of them begin; the rest is added up. Errors: the process has ended.
  [[nodiscard]] Result<Dialled> dial(std::uint64_t attempts) const;

 private:
  Dialler(UniqueFd control, pid_t pid) : control_(std::move(control)), pid_(pid) {}

  UniqueFd control_;
  pid_t pid_;
};

}  // namespace selfconnect::bench
