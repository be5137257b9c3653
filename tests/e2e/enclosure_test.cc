// The enclosure itself: whatever a run could leave behind is noticed.
// SPDX-License-Identifier: MIT
#include "enclosure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "checked.h"
#include "machine.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(200);

class EnclosureTest : public ::testing::TestWithParam<Identity> {
  void SetUp() override { SELFCONNECT_NEEDS("userns", why_no_user_namespace()); }
};

TEST_P(EnclosureTest, FindsNothingWhereNothingIs) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    EXPECT_EQ(Child({.command = {"true"}}).wait(std::chrono::seconds(20)), 0);
    write_file(enclosure.file("out"), "");
    enclosure.expect_nothing_left({"out"});
  });
}

TEST_P(EnclosureTest, FindsAnOrphan) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    const Enclosure hasty(enclosure.path(), kPatience);
    EXPECT_EQ(Child({.command = {"sh", "-c", "setsid sleep 1000 & exit 0"}}).wait(std::chrono::seconds(20)),
              0);
    EXPECT_NONFATAL_FAILURE(hasty.expect_no_process_left(), "sleep");
    for (const pid_t pid : pids_in(fmt::format("/proc/self/task/{}/children", getpid()))) kill(pid, SIGKILL);
  });
}

TEST_P(EnclosureTest, FindsANamespaceThatOnlyADescriptorHolds) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    const Enclosure hasty(enclosure.path(), kPatience);
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    EXPECT_NONFATAL_FAILURE(hasty.expect_nothing_left(), "namespaces left");
  });
}

TEST_P(EnclosureTest, FindsAMount) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    const Enclosure hasty(enclosure.path(), kPatience);
    ASSERT_EQ(mount("tmpfs", enclosure.path().c_str(), "tmpfs", 0, nullptr), 0);
    EXPECT_NONFATAL_FAILURE(hasty.expect_nothing_left(), "mounts left");
  });
}

TEST_P(EnclosureTest, FindsAFileAndAllowsNoneElsewhere) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    write_file(enclosure.file("left"), "");
    EXPECT_NONFATAL_FAILURE(enclosure.expect_nothing_left(), "file left: left");
    for (const char* path :
         {"/tmp/selfconnect-none", "/dev/shm/selfconnect-none", "/var/tmp/selfconnect-none"}) {
      EXPECT_LT(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0) << path;
      EXPECT_EQ(errno, EROFS) << path;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Identities, EnclosureTest, ::testing::Values(Identity::kRoot, Identity::kOrdinary),
                         [](const auto& one) { return one.param == Identity::kRoot ? "Root" : "Ordinary"; });

}  // namespace
}  // namespace selfconnect::testing
