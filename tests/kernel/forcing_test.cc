// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "harness/ports/engine.h"

namespace selfconnect {
namespace {

struct Case {
  std::string address;
  std::uint16_t port;
  Allocator allocator;
};

class ForcingTest : public testing::TestWithParam<Case> {};

TEST_P(ForcingTest, SelfConnectsAtTheFirstAttempt) {
  auto world = World::create();
  ASSERT_TRUE(world) << world.error().message;
  const Endpoint destination{*Address::parse(GetParam().address), GetParam().port};
  if (destination.address != Address::loopback(destination.address.family())) {
    ASSERT_TRUE(world->add_local_address(destination.address));
  }
  auto engine = make_range_engine(*world);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(engine->force(destination.port, GetParam().allocator));
    auto forced = probe_self_connect(*world, destination, GetParam().allocator);
    ASSERT_TRUE(forced) << forced.error().message;
    EXPECT_TRUE(*forced);
    ASSERT_TRUE(engine->release({destination.port}));
    auto released = probe_self_connect(*world, destination, GetParam().allocator);
    ASSERT_TRUE(released) << released.error().message;
    EXPECT_FALSE(*released);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ports, ForcingTest,
    testing::Values(Case{"127.0.0.1", 50000, Allocator::kConnect},
                    Case{"127.0.0.1", 50001, Allocator::kConnect}, Case{"127.0.0.1", 1, Allocator::kConnect},
                    Case{"127.0.0.1", 2, Allocator::kConnect}, Case{"127.0.0.1", 80, Allocator::kConnect},
                    Case{"127.0.0.1", 65534, Allocator::kConnect},
                    Case{"127.0.0.1", 65535, Allocator::kConnect},
                    Case{"127.0.0.1", 65473, Allocator::kConnect}, Case{"::1", 50000, Allocator::kConnect},
                    Case{"::1", 65535, Allocator::kConnect}, Case{"127.0.0.1", 50000, Allocator::kBind},
                    Case{"127.0.0.1", 50001, Allocator::kBind}, Case{"127.0.0.1", 1, Allocator::kBind},
                    Case{"127.0.0.1", 2, Allocator::kBind}, Case{"127.0.0.1", 65535, Allocator::kBind},
                    Case{"::1", 6379, Allocator::kBind}, Case{"10.1.2.3", 5432, Allocator::kConnect},
                    Case{"127.0.0.2", 5432, Allocator::kConnect},
                    Case{"2001:db8::7", 5432, Allocator::kConnect}, Case{"8.8.8.8", 53, Allocator::kBind}));

}  // namespace
}  // namespace selfconnect
