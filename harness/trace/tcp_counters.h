// The TCP counters of a network namespace, /proc/PID/net/snmp.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string_view>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// The "Tcp:" lines of /proc/net/snmp: names, then values. Both IP versions are counted together.
[[nodiscard]] Result<TcpCounters> parse_snmp(std::string_view text);

// What was added between two readings; a counter that went back counts as 0.
[[nodiscard]] TcpCounters growth(const TcpCounters& from, const TcpCounters& to);

// Reads the counters of one namespace again and again. The file stays open: it belongs to the namespace that
// `pid` was in when it was opened, and outlives the process.
class TcpCounterFile {
 public:
  static Result<TcpCounterFile> open(pid_t pid);  // 0: the caller's own namespace
  explicit TcpCounterFile(UniqueFd file) : file_(std::move(file)) {}

  Result<TcpCounters> read();

 private:
  UniqueFd file_;
};

}  // namespace selfconnect
