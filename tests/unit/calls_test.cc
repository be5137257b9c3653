// The calls of connect() and the SYNs that they send: which belong together, and which came to none.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "harness/measure/made_calls.h"
#include "harness/measure/open_calls.h"

namespace selfconnect {

namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

const Endpoint kOne{Address::loopback(Family::kIpv4), 50000};
const Endpoint kOther{Address::loopback(Family::kIpv4), 6379};

Time at(std::chrono::nanoseconds time) { return Time(1h + time); }
Endpoint from(std::uint16_t port) { return {Address::loopback(Family::kIpv4), port}; }

std::optional<CallOrder> order_of(const std::optional<Engine::Call>& call) {
  return call ? std::optional(call->order) : std::nullopt;
}

TEST(OpenCallsTest, FindsTheCallOfASynByPortAndDestination) {
  OpenCalls calls;
  calls.add({.at = at(0ms), .destination = kOne, .port = 40000, .order = {1}});
  calls.add({.at = at(1ms), .destination = kOther, .port = 40000, .order = {2}});
  calls.add({.at = at(2ms), .destination = kOne, .port = 40000, .order = {3}});
  calls.add({.at = at(2ms), .destination = kOne, .port = 0, .order = {4}});
  EXPECT_EQ(order_of(calls.take(from(40000), kOther, at(3ms))), CallOrder{2});
  EXPECT_EQ(order_of(calls.take(from(40000), kOne, at(3ms))), CallOrder{1}) << "the earlier first";
  EXPECT_EQ(order_of(calls.take(from(40000), kOne, at(3ms))), CallOrder{3});
  EXPECT_FALSE(calls.take(from(40000), kOne, at(3ms)));
  EXPECT_FALSE(calls.take(from(40001), kOne, at(3ms)));
  EXPECT_FALSE(calls.take(from(0), kOne, at(3ms))) << "the kernel chose: nobody knows";
}

TEST(OpenCallsTest, ACallOfTheUnspecifiedAddressIsOfLoopback) {
  OpenCalls calls;
  calls.add({.at = at(0ms), .destination = {Address::v4({0, 0, 0, 0}), 50000}, .port = 40000, .order = {1}});
  EXPECT_EQ(order_of(calls.take(from(40000), kOne, at(0ms))), CallOrder{1});
}

TEST(OpenCallsTest, WaitsForWhatCameBeforeAndIsNotOld) {
  OpenCalls calls;
  calls.add({.at = at(0ms), .destination = kOne, .port = 40000, .order = {5}});
  EXPECT_TRUE(calls.has_from_before(at(0ms), at(1ms)));
  EXPECT_FALSE(calls.has_from_before(at(-1ms), at(1ms)));
  EXPECT_FALSE(calls.has_from_before(at(0ms), at(1s))) << "it got nowhere";
  calls.add({.at = at(1s), .destination = kOne, .port = 40000, .order = {7}});
  EXPECT_EQ(order_of(calls.take(from(40000), kOne, at(1s))), CallOrder{7}) << "not the call that got nowhere";
}

TEST(OpenCallsTest, IsBounded) {
  OpenCalls calls;
  for (std::size_t i = 0; i < OpenCalls::kMost; ++i)
    calls.add({.at = at(0ms), .destination = kOther, .port = 40000, .order = {i}});
  calls.add({.at = at(0ms), .destination = kOne, .port = 40000, .order = {9}});
  EXPECT_FALSE(calls.take(from(40000), kOther, at(0ms)));
  EXPECT_EQ(order_of(calls.take(from(40000), kOne, at(0ms))), CallOrder{9});
}

TEST(MadeCallsTest, WhatTheKernelToldOfIsMade) {
  MadeCalls calls;
  calls.add({.at = at(5ms), .destination = kOne});
  EXPECT_EQ(calls.count(at(0ms), at(5ms)), 1U);
}

TEST(MadeCallsTest, TheLastOfAThreadMayHaveBeenCut) {
  MadeCalls calls;
  for (const auto time : {1ms, 2ms, 3ms}) {
    calls.add({.at = at(time), .destination = kOne, .thread = 7, .told_before = true});
  }
  calls.add({.at = at(2ms), .destination = kOne, .thread = 8, .told_before = true});
  EXPECT_EQ(calls.count(at(0ms), at(4ms)), 2U) << "two of thread 7 have returned";
  EXPECT_EQ(calls.count(at(2ms), at(4ms)), 3U) << "a SYN went out after that of thread 8";
  EXPECT_EQ(calls.count(at(0ms), at(1s)), 4U) << "long before the end";
}

}  // namespace

}  // namespace selfconnect
