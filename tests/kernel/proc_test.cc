// What is read from /proc, on real processes and a real namespace.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "fresh_net.h"
#include "harness/trace/proc_sampler.h"
#include "harness/trace/tcp_counters.h"

namespace selfconnect {
namespace {

using testing::dial;
using testing::in_fresh_net;

const Endpoint kIpv4 = {Address::loopback(Family::kIpv4), 50000};

TEST(TcpCountersKernelTest, CountsRefusedAttempts) {
  in_fresh_net([] {
    auto file = TcpCounterFile::open(0);
    ASSERT_TRUE(file) << file.error().message;
    const TcpCounters before = file->read().value();
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(dial(kIpv4));
    const TcpCounters grown = growth(before, file->read().value());
    EXPECT_EQ(grown.active_opens, 3U);
    EXPECT_EQ(grown.attempt_fails, 3U);
    EXPECT_EQ(grown.out_rsts, 3U);
    EXPECT_EQ(grown.passive_opens, 0U);
  });
}

TEST(TcpCountersKernelTest, SaysWhichFileIsMissing) {
  const auto file = TcpCounterFile::open(-1);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/proc/-1/net/snmp"), std::string::npos);
}

bool contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::ranges::find(pids, pid) != pids.end();
}

// A child process that waits until it is killed.
class Waiting {
 public:
  Waiting() : pid_(fork()) {
    if (pid_ != 0) return;
    for (;;) pause();
  }
  ~Waiting() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(ProcSamplerTest, FindsTheTree) {
  const Waiting child;
  const auto with_root = processes_under(getpid(), RootIs::kTarget);
  const auto without_root = processes_under(getpid(), RootIs::kParent);
  EXPECT_EQ(with_root.front(), getpid());
  EXPECT_TRUE(contains(with_root, child.pid()));
  EXPECT_TRUE(contains(without_root, child.pid()));
  EXPECT_FALSE(contains(without_root, getpid()));
}

TEST(ProcSamplerTest, FindsChildrenOfOtherThreads) {
  pid_t child = 0;
  std::vector<pid_t> found;
  std::thread([&] {
    child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    found = processes_under(getpid(), RootIs::kParent);
  }).join();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(contains(found, child));
}

TEST(ProcSamplerTest, CountsDescriptors) {
  const auto before = sample_process(getpid());
  ASSERT_TRUE(before);
  const UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd two(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto after = sample_process(getpid());
  EXPECT_EQ(after->descriptors, before->descriptors + 2);
  EXPECT_EQ(after->pid, getpid());
  EXPECT_GT(after->resident_bytes, 100'000U);
  EXPECT_EQ(after->state, 'R');
}

TEST(ProcSamplerTest, LeavesOutWhoIsGone) {
  pid_t gone = 0;
  {
    const Waiting child;
    gone = child.pid();
    ASSERT_TRUE(sample_process(gone));
  }
  EXPECT_FALSE(sample_process(gone));
  EXPECT_TRUE(sample_processes(gone, RootIs::kTarget, {}, 0).empty());
}

}  // namespace
}  // namespace selfconnect
