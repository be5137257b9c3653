// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "harness/check/capabilities.h"
#include "harness/cli/doctor_text.h"
#include "harness/ports/cgroup.h"

namespace selfconnect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Probed lacking(Ability ability, int code = EPERM) {
  return {ability, std::unexpected(errno_error("clone3", code))};
}

std::vector<Probed> all_there() {
  std::vector<Probed> probed;
  for (int i = 0; i <= static_cast<int>(Ability::kPidfdGetfd); ++i) {
    probed.push_back({static_cast<Ability>(i), "detail"});
  }
  return probed;
}

Diagnosis healthy() {
  return {.kernel = "6.18.44",
          .abilities = all_there(),
          .restrictions = {.root = true},
          .ephemeral = PortRange{32768, 60999},
          .reserved = std::vector<PortRange>{},
          .listeners = {},
          .fuzz_engine = true};
}

TEST(DoctorTest, SaysThatCheckCanRun) {
  const std::string text = doctor_text(healthy());
  EXPECT_THAT(text, HasSubstr("Linux 6.18.44, as root\n"));
  EXPECT_THAT(text, HasSubstr("  ok       packet capture       detail\n"));
  EXPECT_THAT(text, HasSubstr("  ok       ephemeral range      32768 to 60999\n"));
  EXPECT_THAT(text, HasSubstr("  ok       services at risk     none\n"));
  EXPECT_THAT(text, HasSubstr("\nselfconnect check can run here.\n"));
  EXPECT_THAT(text, Not(HasSubstr("missing")));
}

TEST(DoctorTest, SaysHowToGetTheFuzzEngine) {
  Diagnosis diagnosis = healthy();
  EXPECT_THAT(doctor_text(diagnosis), HasSubstr("  ok       fuzz engine          libFuzzer\n"));
  diagnosis.fuzz_engine = false;
  const std::string text = doctor_text(diagnosis);
  EXPECT_THAT(
      text, HasSubstr("  missing  fuzz engine          this selfconnect was built without libFuzzer\n"
                      "                                -> sudo apt-get install clang-19 libclang-rt-19-dev"));
  EXPECT_THAT(text, HasSubstr("\nselfconnect check can run here.\n"));
}

TEST(DoctorTest, SaysWhatLacksWhyAndWhatToType) {
  Diagnosis diagnosis = healthy();
  diagnosis.restrictions = {.max_user_namespaces = "0"};
  for (const Ability ability : {Ability::kWorld, Ability::kSeccompNotify}) {
    diagnosis.abilities[static_cast<std::size_t>(ability)] = lacking(ability);
  }
  const std::string text = doctor_text(diagnosis);
  EXPECT_THAT(
      text, HasSubstr("  missing  isolated network     clone3: Operation not permitted\n"
                      "                                -> sudo sysctl -w user.max_user_namespaces=10000\n"));
  EXPECT_THAT(text,
              HasSubstr("\nselfconnect check cannot run here: isolated network: clone3: Operation not"));
}

TEST(DoctorTest, CanCheckWithoutWhatOtherEnginesNeed) {
  auto probed = all_there();
  EXPECT_EQ(missing_for_check(probed), nullptr);
  for (const Ability ability :
       {Ability::kUserNamespace, Ability::kSocketDestroy, Ability::kVeth, Ability::kPortHook,
        Ability::kCgroup2, Ability::kSeccompNotify, Ability::kPidfdGetfd}) {
    probed[static_cast<std::size_t>(ability)] = lacking(ability);
  }
  EXPECT_EQ(missing_for_check(probed), nullptr);
}

TEST(DoctorTest, CannotCheckWithoutWorldForcingCaptureOrSocketTable) {
  for (const Ability ability :
       {Ability::kWorld, Ability::kForcing, Ability::kCapture, Ability::kSocketTable}) {
    auto probed = all_there();
    probed[static_cast<std::size_t>(Ability::kSeccompNotify)] = lacking(Ability::kSeccompNotify);
    probed[static_cast<std::size_t>(ability)] = lacking(ability);
    ASSERT_NE(missing_for_check(probed), nullptr);
    EXPECT_EQ(missing_for_check(probed)->ability, ability);
  }
}

TEST(DoctorTest, CanCheckWithoutAWorldWhereTheEngineNotifyWorks) {
  Diagnosis diagnosis = healthy();
  for (const Ability ability :
       {Ability::kWorld, Ability::kForcing, Ability::kCapture, Ability::kSocketTable}) {
    diagnosis.abilities[static_cast<std::size_t>(ability)] = lacking(ability);
  }
  EXPECT_EQ(missing_for_check(diagnosis.abilities), nullptr);
  EXPECT_THAT(doctor_text(diagnosis),
              HasSubstr("\nselfconnect check and measure can run here, with the engine notify"));
}

TEST(DoctorTest, KnowsEveryCauseThatKeepsNamespacesAway) {
  const Probed missing = lacking(Ability::kUserNamespace);
  EXPECT_THAT(remedies(missing, {.max_user_namespaces = "0"}),
              ElementsAre(HasSubstr("user.max_user_namespaces")));
  EXPECT_THAT(remedies(lacking(Ability::kWorld, ENOSPC), {.max_user_namespaces = "9", .root = true}),
              ElementsAre(HasSubstr("user.max_net_namespaces")));
  EXPECT_THAT(remedies(missing, {.unprivileged_userns = "0"}),
              ElementsAre(HasSubstr("kernel.unprivileged_userns_clone=1")));
  EXPECT_THAT(remedies(missing, {.apparmor_userns = "1"}),
              ElementsAre(HasSubstr("kernel.apparmor_restrict_unprivileged_userns=0")));
  EXPECT_THAT(remedies(missing, {.seccomp_filter = true}), ElementsAre(HasSubstr("--security-opt seccomp=")));
  EXPECT_THAT(
      remedies(missing, {.max_user_namespaces = "9", .unprivileged_userns = "1", .apparmor_userns = "0"}),
      ElementsAre("run selfconnect as root"));
  EXPECT_THAT(remedies(missing, {.root = true}), ElementsAre(HasSubstr("CAP_SYS_ADMIN")));
}

TEST(DoctorTest, HasNoRemedyForWhatWasNotTried) {
  const Probed untried = {Ability::kCapture, std::unexpected(error("not tried: no isolated network"))};
  EXPECT_THAT(remedies(untried, {}), IsEmpty());
}

TEST(DoctorTest, NamesServicesAtRiskAndTheLineToType) {
  Diagnosis diagnosis = healthy();
  diagnosis.reserved = std::vector<PortRange>{{40000, 40001}};
  diagnosis.listeners = {{Address::loopback(Family::kIpv4), 50051}, {Address::loopback(Family::kIpv4), 80}};
  const std::string text = doctor_text(diagnosis);
  EXPECT_THAT(text, HasSubstr("  at risk  127.0.0.1:50051      listens inside the ephemeral range"));
  EXPECT_THAT(text, HasSubstr("-> sudo sysctl -w net.ipv4.ip_local_reserved_ports=40000-40001,50051\n"));
  EXPECT_THAT(text, Not(HasSubstr("127.0.0.1:80")));
}

TEST(DoctorTest, GivesNoSysctlLineThatWouldDropUnreadReservations) {
  Diagnosis diagnosis = healthy();
  diagnosis.reserved = std::unexpected(error("open: Permission denied"));
  diagnosis.listeners = {{Address::loopback(Family::kIpv4), 50051}};
  const std::string text = doctor_text(diagnosis);
  EXPECT_THAT(text, HasSubstr("  missing  reserved ports       open: Permission denied\n"));
  EXPECT_THAT(text, Not(HasSubstr("sysctl")));
}

TEST(CapabilitiesTest, FindsTheCgroup2Mount) {
  EXPECT_EQ(find_cgroup2_mount("22 1 0:20 / /sys rw - sysfs sysfs rw\n"
                               "33 22 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"),
            "/sys/fs/cgroup");
  EXPECT_EQ(find_cgroup2_mount("33 22 0:28 / /sys/fs/cgroup rw - cgroup cgroup rw,cpu\n"), std::nullopt);
  EXPECT_EQ(find_cgroup2_mount(""), std::nullopt);
}

TEST(CapabilitiesTest, ReadsKernelTextWithoutTheLineEnd) {
  EXPECT_EQ(read_kernel_text("/proc/sys/kernel/ostype"), "Linux");
  EXPECT_EQ(read_kernel_text("/proc/nonexistent").error().code, ENOENT);
}

}  // namespace
}  // namespace selfconnect
