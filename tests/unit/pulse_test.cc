// SPDX-License-Identifier: MIT
#include "harness/check/pulse.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <optional>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;

class PulseTest : public testing::Test {
 protected:
  // Waits in a coroutine; the answer is there when it returned.
  void wait(std::function<bool()> condition, std::chrono::nanoseconds patience) {
    boost::asio::co_spawn(context_, pulse_.until(std::move(condition), Pulse::Clock::now() + patience),
                          [this](const std::exception_ptr&, bool held) { answer_ = held; });
  }

  boost::asio::io_context context_;
  Pulse pulse_{context_};
  std::optional<bool> answer_;
};

TEST_F(PulseTest, ReturnsAtOnceWhatHoldsAlready) {
  wait([] { return true; }, -1h);
  context_.poll();
  EXPECT_EQ(answer_, true);
}

TEST_F(PulseTest, ReturnsAtTheDeadline) {
  wait([] { return false; }, 1ms);
  context_.run();
  EXPECT_EQ(answer_, false);
}

TEST_F(PulseTest, LooksAgainAtEachBeat) {
  int looks = 0;
  bool changed = false;
  wait([&] { return ++looks > 0 && changed; }, 1h);
  context_.poll();
  EXPECT_EQ(looks, 1);
  pulse_.beat();
  context_.poll();
  EXPECT_EQ(looks, 2);
  EXPECT_EQ(answer_, std::nullopt);
  changed = true;
  pulse_.beat();
  context_.poll();
  EXPECT_EQ(answer_, true);
}

TEST_F(PulseTest, NeedsNoBeatBeforeItWaits) {
  bool changed = false;
  pulse_.beat();
  boost::asio::post(context_, [&] {
    changed = true;
    pulse_.beat();
  });
  wait([&] { return changed; }, 1h);
  context_.run();
  EXPECT_EQ(answer_, true);
}

}  // namespace
}  // namespace selfconnect
