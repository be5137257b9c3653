// The least that a supervisor of seccomp notifications can do, as one would write it in C: what the engine `notify` cannot be
// cheaper than on this machine. Looks after nothing, and only for clients whose every connect() is by IPv4.
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/confinement.h"

namespace selfconnect::bench {

// A thread that answers one stopped process at a time, until this ends.
class BareSupervisor {
 public:
  enum class Does {
    // Lets each call go on: two changes of process, and what the kernel does to stop a call.
    kAnswer,
    // Reads the address, takes the socket, asks whether the call still stands, binds the socket to the next port, lets it go on.
    kBind,
  };
  static Result<std::unique_ptr<BareSupervisor>> start(Does does);
  ~BareSupervisor();
  BareSupervisor(const BareSupervisor&) = delete;
  BareSupervisor& operator=(const BareSupervisor&) = delete;

  [[nodiscard]] Confinement confinement() const;
  [[nodiscard]] bool failed() const { return failed_; }  // at any step of any call

 private:
  BareSupervisor() = default;
  void run(Does does);

  std::vector<sock_filter> filter_;
  UniqueFd near_, far_;
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

}  // namespace selfconnect::bench
