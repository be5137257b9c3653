// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <initializer_list>

#include "fuzz/vnet/calls.h"
#include "harness/sys/unique_fd.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using namespace std::chrono_literals;

fd_set set_of(std::initializer_list<int> fds) {
  fd_set set;
  FD_ZERO(&set);
  for (const int fd : fds) FD_SET(fd, &set);
  return set;
}

class SelectTest : public testing::Test {
 protected:
  // The three sets, each holding this one descriptor, come back as "rwx", without waiting.
  std::string look(int fd) {
    fd_set readable = set_of({fd}), writable = readable, failed = readable;
    timeval none{};
    found_ = calls::select(fd + 1, &readable, &writable, &failed, &none);
    std::string seen;
    if (FD_ISSET(fd, &readable)) seen += 'r';
    if (FD_ISSET(fd, &writable)) seen += 'w';
    if (FD_ISSET(fd, &failed)) seen += 'x';
    return seen;
  }

  VirtualHost virtual_;
  Host& host_ = virtual_.host;
  int found_ = 0;
};

TEST_F(SelectTest, MapsEventsAsTheKernelDoes) {
  const auto [fd, file] = virtual_.open();
  const std::vector<std::pair<short, std::string>> cases = {{POLLIN, "r"},
                                                            {POLLRDNORM, "r"},
                                                            {POLLRDBAND, "r"},
                                                            {POLLHUP, "r"},
                                                            {POLLERR, "rw"},
                                                            {POLLOUT, "w"},
                                                            {POLLWRNORM, "w"},
                                                            {POLLWRBAND, "w"},
                                                            {POLLPRI, "x"},
                                                            {POLLRDHUP, ""},
                                                            {POLLIN | POLLOUT | POLLPRI, "rwx"},
                                                            {0, ""}};
  for (const auto& [mask, seen] : cases) {
    file.mask = mask;
    EXPECT_EQ(look(fd), seen) << mask;
    EXPECT_EQ(found_, static_cast<int>(seen.size())) << mask;
  }
}

TEST_F(SelectTest, LooksOnlyForWhatIsInTheSet) {
  const auto [fd, file] = virtual_.open();
  file.mask = POLLIN | POLLOUT;
  fd_set writable = set_of({fd});
  EXPECT_EQ(calls::select(fd + 1, nullptr, &writable, nullptr, nullptr), 1);
  EXPECT_TRUE(FD_ISSET(fd, &writable));
  fd_set failed = set_of({fd});
  timeval none{};
  EXPECT_EQ(calls::select(fd + 1, nullptr, nullptr, &failed, &none), 0);
  EXPECT_FALSE(FD_ISSET(fd, &failed));
  // Not below `count`.
  writable = set_of({fd});
  EXPECT_EQ(calls::select(fd, nullptr, &writable, nullptr, &none), 0);
}

TEST_F(SelectTest, GivesTheTimeThatIsLeft) {
  const auto [fd, file] = virtual_.open();
  const Later later(host_, 1500ms, file, POLLIN, POLLIN);
  fd_set readable = set_of({fd});
  timeval timeout{.tv_sec = 1, .tv_usec = 2'000'000};
  EXPECT_EQ(calls::select(fd + 1, &readable, nullptr, nullptr, &timeout), 1);
  EXPECT_EQ(host_.now(), 1500ms);
  EXPECT_EQ(timeout.tv_sec, 1);
  EXPECT_EQ(timeout.tv_usec, 500'000);
}

TEST_F(SelectTest, ClearsTheSetsWhenTheTimeIsOver) {
  const auto [fd, file] = virtual_.open();
  file.mask = 0;
  const UniqueFd silent(eventfd(0, EFD_CLOEXEC));
  fd_set readable = set_of({fd, silent.get()});
  timeval timeout{.tv_sec = 0, .tv_usec = 10};
  EXPECT_EQ(calls::select(fd + 1, &readable, nullptr, nullptr, &timeout), 0);
  EXPECT_EQ(host_.now(), 10us);
  EXPECT_FALSE(FD_ISSET(fd, &readable));
  EXPECT_FALSE(FD_ISSET(silent.get(), &readable));
  EXPECT_EQ(timeout.tv_usec, 0);
  const timespec second{.tv_sec = 1, .tv_nsec = 0};
  EXPECT_EQ(calls::pselect(0, nullptr, nullptr, nullptr, &second, nullptr), 0);
  EXPECT_EQ(host_.now(), 1s + 10us);
}

TEST_F(SelectTest, MixesRealDescriptorsIn) {
  const auto [fd, file] = virtual_.open();
  file.mask = 0;
  const UniqueFd real(eventfd(1, EFD_CLOEXEC));
  fd_set readable = set_of({fd, real.get()}), writable = readable;
  EXPECT_EQ(calls::select(fd + 1, &readable, &writable, nullptr, nullptr), 2);
  EXPECT_FALSE(FD_ISSET(fd, &readable));
  EXPECT_TRUE(FD_ISSET(real.get(), &readable));
  EXPECT_TRUE(FD_ISSET(real.get(), &writable));
}

TEST_F(SelectTest, RejectsClosedDescriptorsAndLeavesTheSets) {
  const auto [fd, file] = virtual_.open();
  const int gone = virtual_.dup(fd);
  virtual_.close(gone);
  for (const int closed : {gone, 700}) {
    fd_set readable = set_of({fd, closed});
    EXPECT_EQ(calls::select(FD_SETSIZE, &readable, nullptr, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_TRUE(FD_ISSET(closed, &readable));
  }
}

// The kernel's order of events, in which a look at the epoll shows. Seed 76774 of epoll_twin_test.cc.
TEST_F(SelectTest, LooksAtNoneWhereOneIsClosed) {
  const auto [one, file_of_one] = virtual_.open();
  const auto [other, file_of_other] = virtual_.open();
  const int epoll = calls::epoll_create1(0), closed = virtual_.dup(one);
  virtual_.close(closed);
  const auto control = [&](int operation, int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    EXPECT_EQ(calls::epoll_ctl(epoll, operation, fd, &event), 0);
  };
  control(EPOLL_CTL_ADD, one, EPOLLOUT);
  control(EPOLL_CTL_MOD, one, 0);
  control(EPOLL_CTL_ADD, other, EPOLLOUT);
  fd_set readable = set_of({epoll, closed});
  EXPECT_EQ(calls::select(FD_SETSIZE, &readable, nullptr, nullptr, nullptr), -1);
  control(EPOLL_CTL_MOD, one, EPOLLOUT);
  epoll_event first{};
  EXPECT_EQ(calls::epoll_wait(epoll, &first, 1, 0), 1);
  EXPECT_EQ(int{first.data.fd}, one);
}

TEST_F(SelectTest, RejectsWhatTheKernelRejects) {
  timeval none{};
  EXPECT_EQ(calls::select(-1, nullptr, nullptr, nullptr, &none), -1);
  EXPECT_EQ(errno, EINVAL);
  timeval negative{.tv_sec = 0, .tv_usec = -1};
  EXPECT_EQ(calls::select(0, nullptr, nullptr, nullptr, &negative), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(calls::select(0, nullptr, nullptr, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EDEADLK);
}

TEST_F(SelectTest, TakesCountsBeyondTheSets) {
  const auto [fd, file] = virtual_.open();
  fd_set writable = set_of({fd});
  EXPECT_EQ(calls::select(1 << 20, nullptr, &writable, nullptr, nullptr), 1);
}

}  // namespace
}  // namespace selfconnect::vnet
