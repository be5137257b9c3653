// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>

#include "fuzz/vnet/calls.h"
#include "harness/sys/unique_fd.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using namespace std::chrono_literals;

class PollTest : public testing::Test {
 protected:
  // What poll(2) says of one descriptor, without waiting.
  short look(int fd, int events) {
    pollfd entry{.fd = fd, .events = static_cast<short>(events), .revents = -1};
    found_ = calls::poll(&entry, 1, 0);
    return entry.revents;
  }

  VirtualHost virtual_;
  Host& host_ = virtual_.host;
  int found_ = 0;
};

TEST_F(PollTest, TellsWhatIsAskedFor) {
  const auto [fd, file] = virtual_.open();
  file.mask = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLRDHUP;
  EXPECT_EQ(look(fd, POLLIN), POLLIN);
  EXPECT_EQ(found_, 1);
  EXPECT_EQ(look(fd, POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
  EXPECT_EQ(look(fd, POLLRDHUP), POLLRDHUP);
  EXPECT_EQ(look(fd, POLLPRI), 0);
  EXPECT_EQ(found_, 0);
}

TEST_F(PollTest, TellsErrorsUnasked) {
  const auto [fd, file] = virtual_.open();
  file.mask = POLLIN | POLLERR | POLLHUP;
  EXPECT_EQ(look(fd, 0), POLLERR | POLLHUP);
}

TEST_F(PollTest, TellsClosedOnesAndSkipsNegativeOnes) {
  EXPECT_EQ(look(Descriptors::kFirst, POLLIN), POLLNVAL);
  EXPECT_EQ(found_, 1);
  EXPECT_EQ(look(-1, POLLIN), 0);
  EXPECT_EQ(found_, 0);
}

TEST_F(PollTest, PassesTimeUntilSomethingIsReady) {
  const auto [fd, file] = virtual_.open();
  const Later later(host_, 3s, file, POLLIN, POLLIN);
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(calls::poll(&entry, 1, -1), 1);
  EXPECT_EQ(entry.revents, POLLIN);
  EXPECT_EQ(host_.now(), 3s);
}

TEST_F(PollTest, PassesTimeUpToTheLimit) {
  const auto [fd, file] = virtual_.open();
  const Later later(host_, 3s, file, POLLIN, POLLIN);
  pollfd entry{.fd = fd, .events = POLLIN, .revents = -1};
  EXPECT_EQ(calls::poll(&entry, 1, 2999), 0);
  EXPECT_EQ(entry.revents, 0);
  EXPECT_EQ(host_.now(), 2999ms);
  const timespec rest{.tv_sec = 0, .tv_nsec = 1'000'000};
  EXPECT_EQ(calls::ppoll(&entry, 1, &rest, nullptr), 1);
  EXPECT_EQ(host_.now(), 3s);
}

TEST_F(PollTest, SleepsOnNothing) {
  EXPECT_EQ(calls::poll(nullptr, 0, 250), 0);
  EXPECT_EQ(host_.now(), 250ms);
}

TEST_F(PollTest, StandsStillWhereNothingCanHappen) {
  const auto [fd, file] = virtual_.open();
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(calls::poll(&entry, 1, -1), -1);
  EXPECT_EQ(errno, EDEADLK);
  EXPECT_EQ(virtual_.overseer.standstills, 1);
  EXPECT_EQ(calls::poll(nullptr, 0, -1), -1);
}

TEST_F(PollTest, MixesRealDescriptorsIn) {
  const auto [fd, file] = virtual_.open();
  const UniqueFd real(eventfd(1, EFD_CLOEXEC));
  const UniqueFd silent(eventfd(0, EFD_CLOEXEC));
  std::array<pollfd, 4> entries = {{{.fd = silent.get(), .events = POLLIN, .revents = -1},
                                    {.fd = fd, .events = POLLOUT, .revents = -1},
                                    {.fd = -5, .events = POLLIN, .revents = -1},
                                    {.fd = real.get(), .events = POLLIN, .revents = -1}}};
  EXPECT_EQ(calls::poll(entries.data(), entries.size(), -1), 2);
  EXPECT_EQ(entries[0].revents, 0);
  EXPECT_EQ(entries[1].revents, POLLOUT);
  EXPECT_EQ(entries[2].revents, 0);
  EXPECT_EQ(entries[3].revents, POLLIN);
  EXPECT_EQ(host_.now(), 0s);
}

// A client of one thread that waits cannot make it ready itself.
TEST_F(PollTest, StandsStillOnASilentRealDescriptor) {
  const UniqueFd silent(eventfd(0, EFD_CLOEXEC));
  pollfd entry{.fd = silent.get(), .events = POLLIN, .revents = -1};
  EXPECT_EQ(calls::poll(&entry, 1, 1000), 0);
  EXPECT_EQ(host_.now(), 1s);
  EXPECT_EQ(calls::poll(&entry, 1, -1), -1);
  EXPECT_EQ(errno, EDEADLK);
}

TEST_F(PollTest, RejectsWhatTheKernelRejects) {
  const timespec negative{.tv_sec = -1, .tv_nsec = 0};
  const timespec beyond{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  for (const timespec& timeout : {negative, beyond}) {
    EXPECT_EQ(calls::ppoll(nullptr, 0, &timeout, nullptr), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(::ppoll(nullptr, 0, &timeout, nullptr), -1);
    EXPECT_EQ(errno, EINVAL);
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  std::vector<pollfd> many(limit.rlim_cur < 100'000 ? limit.rlim_cur + 1 : 0,
                           {.fd = -1, .events = 0, .revents = 0});
  if (many.empty()) GTEST_SKIP() << "the limit of descriptors is too high to be exceeded here";
  EXPECT_EQ(calls::poll(many.data(), many.size(), 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace selfconnect::vnet
