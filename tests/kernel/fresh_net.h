// Runs a check in a child process with a network namespace of its own, lo up, source ports 32768 to 49999, and nothing
// else in it.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "harness/net/endpoint.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect::testing {

// EXPECT and ASSERT work in `check` as usual; the child's failures become one of the caller's. Where no
// namespace may be made the test is skipped with the reason, or fails if SELFCONNECT_EXPECT_NAMESPACES is
// set.
void in_fresh_net(const std::function<void()>& check);

// Only 127.0.0.1:`port` as source port (net.ipv4.ip_local_port_range): who dials it connects to itself.
void force_source_port(std::uint16_t port);

// A TCP socket that has dialled `destination`; -1 and errno where that failed.
UniqueFd dial(const Endpoint& destination);

}  // namespace selfconnect::testing
