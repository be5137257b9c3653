// SPDX-License-Identifier: MIT
#include "harness/sys/readable_once.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "harness/sys/socket_pair.h"

namespace selfconnect {
namespace {

bool is_readable(int fd) {
  pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&state, 1, 0) == 1;
}

class ReadableOnceTest : public ::testing::Test {
 protected:
  void write_one() const { ASSERT_EQ(write(pair_->far.get(), "x", 1), 1); }

  const Result<SocketPair> pair_ = socket_pair();
  const Result<ReadableOnce> once_ = ReadableOnce::create(pair_->near.get());
};

TEST_F(ReadableOnceTest, TellsOnceUntilItIsArmed) {
  ASSERT_TRUE(once_);
  EXPECT_FALSE(is_readable(once_->fd()));
  write_one();
  EXPECT_TRUE(is_readable(once_->fd()));
  once_->take();
  write_one();
  EXPECT_FALSE(is_readable(once_->fd()));
  once_->arm();
  EXPECT_TRUE(is_readable(once_->fd())) << "what came meanwhile";
}

TEST_F(ReadableOnceTest, TellsNothingWhereNothingCameSinceItWasTaken) {
  ASSERT_TRUE(once_);
  write_one();
  once_->take();
  char byte = 0;
  ASSERT_EQ(read(pair_->near.get(), &byte, 1), 1);
  once_->arm();
  EXPECT_FALSE(is_readable(once_->fd()));
}

}  // namespace
}  // namespace selfconnect
