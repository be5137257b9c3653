// The cgroup of an engine: what becomes of it, and of all in it, when its harness ends one way or the other.
// SPDX-License-Identifier: MIT
#include "harness/ports/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "harness/ports/hook_engine.h"
#include "harness/sys/socket_pair.h"
#include "tests/kernel/hook_clients.h"

namespace selfconnect {
namespace {

using testing::in_child;
using testing::kPatience;

class CgroupTest : public ::testing::Test {
  void SetUp() override {
    const auto made = Cgroup::create();
    SELFCONNECT_NEEDS("cgroup2", made ? "" : made.error().message);
  }
};

bool exists(int parent, const std::string& name) { return faccessat(parent, name.c_str(), F_OK, 0) == 0; }

TEST_F(CgroupTest, IsGoneWithItsOwner) {
  UniqueFd parent;
  std::string name;
  {
    const auto cgroup = Cgroup::create();
    ASSERT_TRUE(cgroup) << cgroup.error().message;
    name = cgroup->name();
    parent.reset(dup(cgroup->parent()));
    EXPECT_TRUE(exists(parent.get(), name));
  }
  EXPECT_FALSE(exists(parent.get(), name));
  EXPECT_FALSE(testing::has_children());
}

TEST_F(CgroupTest, EndsTheProcessesInIt) {
  auto cgroup = Cgroup::create();
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  const pid_t pid = fork();
  if (pid == 0) {
    (void)!write(cgroup->procs(), "0", 1);
    close_range(3, ~0U, 0);  // the harness's end of the reaper's pipe among them
    raise(SIGSTOP);
    while (true) pause();
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  const UniqueFd parent(dup(cgroup->parent()));
  const std::string name = cgroup->name();
  cgroup = std::unexpected(error("gone"));
  EXPECT_FALSE(exists(parent.get(), name));
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(CgroupTest, IsNotEndedByTheTerminalsSignals) {
  // A Ctrl-C must not end the reaper before its harness.
  const int code = in_child([] {
    setpgid(0, 0);
    signal(SIGINT, SIG_IGN);
    UniqueFd parent;
    std::string name;
    {
      const auto cgroup = Cgroup::create();
      if (!cgroup) return 1;
      parent.reset(dup(cgroup->parent()));
      name = cgroup->name();
      kill(0, SIGINT);
    }
    return exists(parent.get(), name) ? 2 : 0;
  });
  EXPECT_EQ(code, 0);
}

// ---- SIGKILL

std::filesystem::path own_cgroup() {
  const auto cgroup = Cgroup::create();
  return std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", cgroup->parent()));
}

// The cgroups that a harness has made: path and id.
std::set<std::pair<std::string, std::uint64_t>> cgroups_of(const std::filesystem::path& parent,
                                                           pid_t harness) {
  const std::string prefix = fmt::format("selfconnect-{}-", harness);
  std::set<std::pair<std::string, std::uint64_t>> found;
  for (const auto& entry : std::filesystem::directory_iterator(parent)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    struct stat status{};
    if (stat(entry.path().c_str(), &status) == 0) found.emplace(entry.path(), status.st_ino);
  }
  return found;
}

int bpf_call(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

// The cgroups that have a BPF link (bpf(2), without libbpf: a build may lack it).
std::set<std::uint64_t> linked_cgroups() {
  std::set<std::uint64_t> ids;
  bpf_attr next{};
  while (bpf_call(BPF_LINK_GET_NEXT_ID, next) == 0) {
    next.start_id = next.next_id;
    bpf_attr by_id{};
    by_id.link_id = next.next_id;
    const UniqueFd link(bpf_call(BPF_LINK_GET_FD_BY_ID, by_id));
    bpf_link_info info{};
    bpf_attr about{};
    about.info.bpf_fd = static_cast<__u32>(link.get());
    about.info.info_len = sizeof(info);
    about.info.info = reinterpret_cast<std::uint64_t>(&info);
    if (link && bpf_call(BPF_OBJ_GET_INFO_BY_FD, about) == 0) ids.insert(info.cgroup.cgroup_id);
  }
  return ids;
}

// Makes worlds and engines, each with a client that dials for ever and cannot be asked to stop. With `ready`, a socket: one, and
// says so there.
[[noreturn]] void be_a_harness(int ready) {
  while (true) {
    const auto world = World::create();
    if (!world) _exit(1);
    const auto engine = make_hook_engine(*world);
    if (!engine) _exit(2);
    if (!(*engine)->force(50000, Allocator::kConnect)) _exit(3);
    boost::asio::io_context context;
    const auto target = Process::launch(context, *world,
                                        {.command = {"sh", "-c", "trap '' TERM INT; while true; do :; done"},
                                         .stdin_file = {},
                                         .limits = {},
                                         .network = Network::kNear,
                                         .confinement = (*engine)->confinement()},
                                        [] {});
    if (!target) _exit(4);
    if (ready >= 0 && write(ready, "x", 1) == 1) pause();
    if (!(*engine)->release({50000})) _exit(5);
  }
}

bool eventually(const std::function<bool()>& condition) {
  const auto by = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= by) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the kernel gives no event for it
  }
  return true;
}

TEST_F(CgroupTest, NothingStaysWhenTheHarnessIsKilledAtAnyMoment) {
  {
    const auto world = World::create();
    SELFCONNECT_NEEDS("netns", world ? "" : world.error().message);
    const auto engine = make_hook_engine(*world);
    SELFCONNECT_NEEDS("bpf", engine ? "" : engine.error().message);
    ASSERT_GE(linked_cgroups().size(), 1U);
  }
  const auto parent = own_cgroup();
  std::mt19937 random(11);
  for (int i = 0; i < 50; ++i) {
    const bool midway = i % 5 == 0;  // in the midst of everything, however long that takes here
    auto ready = socket_pair(SOCK_STREAM);
    ASSERT_TRUE(ready);
    const pid_t harness = fork();
    if (harness == 0) be_a_harness(midway ? ready->far.get() : -1);
    ready->far.reset();
    const auto moment = std::chrono::microseconds(random() % 40'000);
    SCOPED_TRACE(midway ? "midway" : fmt::format("after {} us", moment.count()));
    if (midway) {
      char byte = 0;
      ASSERT_EQ(read(ready->near.get(), &byte, 1), 1);
    } else {
      std::this_thread::sleep_for(moment);
    }
    const auto made = cgroups_of(parent, harness);
    EXPECT_FALSE(midway && made.empty());
    kill(harness, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(harness, &status, 0), harness);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the harness ended by itself: " << WEXITSTATUS(status);
    EXPECT_TRUE(eventually([&] { return cgroups_of(parent, harness).empty(); }));
    EXPECT_TRUE(eventually([&] {
      const auto linked = linked_cgroups();
      return std::ranges::none_of(made, [&](const auto& one) { return linked.contains(one.second); });
    }));
  }
}

TEST(CgroupPathTest, IsReadFromProc) {
  EXPECT_EQ(find_cgroup2_path("9:name=systemd:/\n4:memory:/a\n0::/user.slice/me\n"), "/user.slice/me");
  EXPECT_EQ(find_cgroup2_path("9:name=systemd:/\n"), std::nullopt);
  EXPECT_EQ(find_cgroup2_path(""), std::nullopt);
}

}  // namespace
}  // namespace selfconnect
