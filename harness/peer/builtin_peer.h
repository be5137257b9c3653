// The built-in far end: accepts, reads, and says what its steps tell it, or nothing. What it reads is in the capture.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "harness/schedule/event.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// Serves a listening, non-blocking socket until destroyed; then its connections are closed. For the
// io_context's thread only. At most kMaxConnections, or as many as there are
// descriptors (RLIMIT_NOFILE), are open at once; more wait in the backlog.
class BuiltinPeer {
 public:
  static constexpr std::size_t kMaxConnections = 1024;

  // `steps` are taken over and over.
  BuiltinPeer(boost::asio::io_context& context, UniqueFd listener, std::vector<Step> steps = {});
  ~BuiltinPeer();
  BuiltinPeer(const BuiltinPeer&) = delete;
  BuiltinPeer& operator=(const BuiltinPeer&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace selfconnect
