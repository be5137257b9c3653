// A run that is broken off reports what it knows and leaves nothing, one that is killed leaves nothing either.
// $SELFCONNECT_KILLS sets how many kills there are (ci/soak), $SELFCONNECT_SEED their moments.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "checked.h"
#include "enclosure.h"
#include "machine.h"

namespace selfconnect::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Child start(const Enclosure& enclosure, const std::string& target) {
  return Child({.command = {selfconnect_path(), "check", "--json", "-", "--out", enclosure.file("out"), "--",
                            target_path(target), "{host}", "{port}"}});
}

// The first phase is over, and the second goes on: self-connect takes a target that stays two seconds.
void wait_for_second_phase(const Enclosure& enclosure) {
  ASSERT_TRUE(eventually([&] {
    return std::filesystem::exists(enclosure.file("out/01-refused/trace.jsonl")) ||
           std::filesystem::exists(enclosure.file("out/01-refused/packets.pcap"));
  }));
}

class InterruptTest : public ::testing::TestWithParam<Identity> {
  void SetUp() override { SELFCONNECT_NEEDS("userns", why_no_user_namespace()); }
};

TEST_P(InterruptTest, ReportsWhatIsKnownAndLeavesNothing) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    Child child = start(enclosure, "guarded");
    wait_for_second_phase(enclosure);
    child.signal(SIGINT);
    EXPECT_EQ(child.wait(seconds(20)), 2) << child.err();
    const auto report = nlohmann::json::parse(child.out(), nullptr, false);
    ASSERT_TRUE(report.is_object()) << child.out();
    EXPECT_EQ(report.at("verdict"), "error");
    EXPECT_EQ(report.at("reason"), "interrupted in the self-connect phase");
    ASSERT_EQ(report.at("phases").size(), 2U) << report;
    EXPECT_EQ(report.at("phases").at(0).at("name"), "refused");
    EXPECT_EQ(report.at("phases").at(0).at("ended").at("reason"), "decided");
    EXPECT_EQ(report.at("phases").at(1).at("ended").at("reason"), "interrupted");
    EXPECT_THAT(child.err(), HasSubstr("interrupted"));
    EXPECT_TRUE(std::filesystem::exists(enclosure.file("out/02-self-connect/trace.jsonl")));
    enclosure.expect_nothing_left({"out"});
  });
}

// Two different signals, for two of a kind may become one on their way. A target that ignores SIGTERM would keep the
// harness for its grace; that nothing is reported shows that it was not waited for.
TEST_P(InterruptTest, SecondSignalEndsAtOnce) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    Child child = start(enclosure, "ignores_sigterm");
    wait_for_second_phase(enclosure);
    child.signal(SIGINT);
    child.signal(SIGTERM);
    EXPECT_EQ(child.wait(seconds(20)), 2) << child.err();
    EXPECT_EQ(child.out(), "");
    enclosure.expect_nothing_left({"out"});
  });
}

INSTANTIATE_TEST_SUITE_P(Identities, InterruptTest, ::testing::Values(Identity::kRoot, Identity::kOrdinary),
                         [](const auto& one) { return one.param == Identity::kRoot ? "Root" : "Ordinary"; });

int number_from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

struct Victim {
  std::string target;
  Identity identity;
  int longest;  // milliseconds that a check of it takes, about
};

void PrintTo(const Victim& victim, std::ostream* stream) { *stream << victim.target; }

class KillTest : public ::testing::TestWithParam<Victim> {
  void SetUp() override { SELFCONNECT_NEEDS("userns", why_no_user_namespace()); }
};

TEST_P(KillTest, LeavesNothingAtAnyMoment) {
  const auto seed = static_cast<unsigned>(
      number_from_environment("SELFCONNECT_SEED", static_cast<int>(std::random_device()() >> 1)));
  const int kills = number_from_environment("SELFCONNECT_KILLS", 5);
  std::printf("SELFCONNECT_SEED=%u SELFCONNECT_KILLS=%d\n", seed, kills);
  in_enclosure(GetParam().identity, [&](const Enclosure& enclosure) {
    std::mt19937 random(seed);
    std::uniform_int_distribution moments(0, GetParam().longest);
    int killed = 0;
    std::string last_words;
    for (int tries = 0; killed < kills && tries < 20 * kills; ++tries) {
      const milliseconds moment(moments(random));
      SCOPED_TRACE(::testing::Message() << "killed after " << moment.count() << " ms");
      Child child = start(enclosure, GetParam().target);
      child.wait(moment);
      child.signal(SIGKILL);
      if (child.wait(seconds(20)) == 128 + SIGKILL) ++killed;
      last_words = child.err();
      enclosure.expect_no_process_left();
    }
    enclosure.expect_nothing_left({"out"});
    EXPECT_EQ(killed, kills) << "the others were over before; the last said: " << last_words;
  });
}

INSTANTIATE_TEST_SUITE_P(Victims, KillTest,
                         ::testing::Values(Victim{"double_fork", Identity::kRoot, 500},
                                           Victim{"double_fork", Identity::kOrdinary, 500},
                                           Victim{"ignores_sigterm", Identity::kRoot, 4500},
                                           Victim{"ignores_sigterm", Identity::kOrdinary, 4500}),
                         [](const auto& one) {
                           return one.param.target +
                                  (one.param.identity == Identity::kRoot ? "_root" : "_ordinary");
                         });

}  // namespace
}  // namespace selfconnect::testing
