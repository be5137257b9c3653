// selfconnect fuzz and replay, as a user calls them: an order of events is found, shrunk, saved and shown again.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>

#include "checked.h"
#include "enclosure.h"
#include "machine.h"

namespace selfconnect::testing {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class FuzzTest : public ::testing::Test {
 protected:
  void SetUp() override { SELFCONNECT_NEEDS("netns", why_no_world()); }

  Called fuzz(Arguments options, const Arguments& command) {
    options.insert(options.begin(), {"fuzz", "--out", out_.file("out"), "--json", out_.file("fuzz.json")});
    options.emplace_back("--");
    options.insert(options.end(), command.begin(), command.end());
    return call(options);
  }
  [[nodiscard]] nlohmann::json report() const {
    return nlohmann::json::parse(read_file(out_.file("fuzz.json")));
  }
  static Arguments dials(const std::string& target) { return {target_path(target), "{host}", "{port}"}; }
  [[nodiscard]] std::size_t inputs() const {
    const std::filesystem::directory_iterator all(out_.path() / "out/corpus");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  TempDir out_;
};

TEST_F(FuzzTest, FindsShrinksAndSavesAnOrderOfEvents) {
  const Called called = fuzz({"--until-finding", "--duration", "60s", "--seed", "7"}, dials("echo_accepted"));
  ASSERT_EQ(called.status, 1) << called;
  const auto json = report();
  EXPECT_EQ(json.at("ended"), "finding");
  const auto& findings = json.at("findings");
  const auto found =
      std::ranges::find_if(findings, [](const auto& f) { return f.at("rule") == "echo-accepted"; });
  ASSERT_NE(found, findings.end()) << json.dump(1);
  EXPECT_EQ(found->at("schedule"), "self serve");
  EXPECT_EQ(found->at("flaky"), false);
  const std::filesystem::path directory = found->at("directory").get<std::string>();
  EXPECT_THAT(read_file(directory / "schedule"), HasSubstr("\nself serve\n"));
  EXPECT_THAT(read_file(directory / "finding.md"), HasSubstr("selfconnect replay "));
  EXPECT_EQ(nlohmann::json::parse(read_file(directory / "report.json")).at("verdict"), "fail");

  const Called again = call(
      {"replay", directory.string(), "--json", "-", "--", target_path("echo_accepted"), "{host}", "{port}"});
  EXPECT_EQ(again.status, 1) << again;
  EXPECT_EQ(nlohmann::json::parse(again.out).at("rules").at("echo-accepted"), "found");
}

TEST_F(FuzzTest, SkipsATargetThatItCannotStop) {
  const Called called = fuzz({"--runs", "4", "--timeout", "1s", "--workers", "2"}, dials("io_uring"));
  EXPECT_EQ(called.status, 77) << called;
  EXPECT_THAT(called.err, HasSubstr("the target dials past the engine notify"));
  EXPECT_EQ(report().at("verdict"), "skip");
}

TEST_F(FuzzTest, GoesOnFromItsCorpus) {
  ASSERT_EQ(fuzz({"--runs", "40", "--workers", "1", "--seed", "7"}, dials("guarded")).status, 0);
  const std::size_t before = inputs();
  EXPECT_GE(before, 10U);
  const Called again = fuzz({"--runs", "20", "--workers", "1", "--seed", "8"}, dials("guarded"));
  EXPECT_THAT(again.err, HasSubstr("corpus of " + std::to_string(before)));
  EXPECT_EQ(report().at("ended"), "runs");
  EXPECT_EQ(report().at("runs"), 20);
}

TEST_F(FuzzTest, GoesOnFromTheCorpusOfOneThatWasBrokenOff) {
  for (const int signal : {SIGINT, SIGKILL}) {
    std::filesystem::remove_all(out_.file("out"));
    Child broken_off({.command = {selfconnect_path(), "fuzz", "--out", out_.file("out"), "--",
                                  target_path("guarded"), "{host}", "{port}"}});
    const auto is_fuzzing = [&] { return std::filesystem::exists(out_.file("out/corpus")) && inputs() > 12; };
    ASSERT_TRUE(eventually(is_fuzzing)) << broken_off.err();
    broken_off.signal(signal);
    ASSERT_TRUE(broken_off.wait(seconds(20)));
    const std::size_t before = inputs();
    const Called again = fuzz({"--runs", "4"}, dials("guarded"));
    EXPECT_EQ(again.status, 0) << again;
    EXPECT_THAT(again.err, ::testing::ContainsRegex("corpus of [1-9][0-9]+ in "));
    EXPECT_GE(inputs(), before);
  }
}

TEST_F(FuzzTest, RedoesAFindingThatAKilledWorkerLeftHalfWritten) {
  const auto half = out_.path() / "out/findings/echo-accepted-self-00000000";
  std::filesystem::create_directories(half);
  write_file(half / "found", "reset self serve");
  fuzz({"--runs", "5", "--workers", "1"}, dials("guarded"));
  EXPECT_FALSE(std::filesystem::exists(half));
  // As libFuzzer names it: by SHA-1.
  EXPECT_EQ(read_file(out_.path() / "out/corpus/b083a0a0e1822b6d2c78c7d6c1a07a13b936d268"),
            "reset self serve");
}

TEST_F(FuzzTest, MeetsAgainWhatAWorkerWasAboutToSaveWhenItDied) {
  Child child(
      {.command = {selfconnect_path(), "fuzz", "--out", out_.file("out"), "--workers", "1", "--duration",
                   "60s", "--until-finding", "--", "sh", "-c", "sleep 0.2; exec \"$0\" \"$@\"",
                   target_path("echo_accepted"), "{host}", "{port}"}});
  const auto is_claimed = [&] {
    std::error_code ec;
    const std::filesystem::directory_iterator all(out_.path() / "out/findings", ec);
    return !ec && std::any_of(begin(all), end(all),
                              [](const auto& one) { return std::filesystem::exists(one.path() / "found"); });
  };
  ASSERT_TRUE(eventually(is_claimed)) << child.err();
  std::ifstream children("/proc/" + std::to_string(child.pid()) + "/task/" + std::to_string(child.pid()) +
                         "/children");
  pid_t worker = 0;
  ASSERT_TRUE(children >> worker);
  ASSERT_EQ(kill(worker, SIGKILL), 0);
  EXPECT_EQ(child.wait(seconds(80)), 1) << child.err();
  EXPECT_THAT(child.err(), HasSubstr("was killed by signal 9"));
  EXPECT_THAT(child.err(), HasSubstr("echo-accepted"));
}

TEST_F(FuzzTest, RefusesWhatIsWrongInTheCall) {
  write_file(out_.file("file"), "x");
  const Called corpus = fuzz({"--corpus", out_.file("file")}, dials("guarded"));
  EXPECT_EQ(corpus.status, 64) << corpus;
  EXPECT_THAT(corpus.err, AllOf(StartsWith("selfconnect fuzz: "), HasSubstr("Not a directory")));
  const Called both = fuzz({"--family", "both"}, dials("guarded"));
  EXPECT_EQ(both.status, 64) << both;
  const Called required = fuzz({"--require", "crashes"}, dials("guarded"));
  EXPECT_EQ(required.status, 64) << required;
  const Called nothing = call({"fuzz", "--out", out_.file("out"), "--", "/nonexistent"});
  EXPECT_EQ(nothing.status, 2) << nothing;
  const Called busy = call({"replay", out_.file("none"), "--", "true"});
  EXPECT_EQ(busy.status, 64) << busy;
}

class FuzzEndTest : public ::testing::TestWithParam<Identity> {
  void SetUp() override { SELFCONNECT_NEEDS("userns", why_no_user_namespace()); }
};

Child start(const Enclosure& enclosure) {
  return Child({.command = {selfconnect_path(), "fuzz", "--out", enclosure.file("out"), "--json", "-", "--",
                            target_path("guarded"), "{host}", "{port}"}});
}

bool is_fuzzing(const Enclosure& enclosure) {
  std::error_code ec;
  const std::filesystem::directory_iterator all(enclosure.file("out/corpus"), ec);
  return !ec && std::distance(begin(all), end(all)) > 12;
}

TEST_P(FuzzEndTest, TellsWhatIsKnownAfterCtrlCAndLeavesNothing) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    Child child = start(enclosure);
    ASSERT_TRUE(eventually([&] { return is_fuzzing(enclosure); })) << child.err();
    child.signal(SIGINT);
    EXPECT_EQ(child.wait(seconds(20)), 0) << child.err();
    EXPECT_EQ(nlohmann::json::parse(child.out()).at("ended"), "interrupted");
    enclosure.expect_nothing_left({"out"});
  });
}

TEST_P(FuzzEndTest, LeavesNothingWhenItIsKilled) {
  in_enclosure(GetParam(), [](const Enclosure& enclosure) {
    Child child = start(enclosure);
    ASSERT_TRUE(eventually([&] { return is_fuzzing(enclosure); })) << child.err();
    child.signal(SIGKILL);
    EXPECT_EQ(child.wait(seconds(20)), 128 + SIGKILL);
    enclosure.expect_nothing_left({"out"});
  });
}

INSTANTIATE_TEST_SUITE_P(Identities, FuzzEndTest, ::testing::Values(Identity::kRoot, Identity::kOrdinary),
                         [](const auto& one) { return one.param == Identity::kRoot ? "Root" : "Ordinary"; });

// A client that takes too much once it is connected and not answered, and else accepts its own echo.
struct Hog {
  std::string name;  // of the test
  Identity identity = Identity::kRoot;
  std::string script;  // of a shell
  std::string reason;  // why it is ended, as a regular expression
};

void PrintTo(const Hog& hog, std::ostream* stream) { *stream << hog.name; }

Arguments fuzz_hog(const std::string& out, const std::string& script, const std::string& runs = "12") {
  const std::string client =
      "said=$(\"$1\" \"$2\" \"$3\" 2>&1) && exit; case $said in *refused*) exit 1;; esac; ";
  return {selfconnect_path(),
          "fuzz",
          "--out",
          out,
          "--json",
          "-",
          "--workers",
          "2",
          "--runs",
          runs,
          "--seed",
          "7",
          "--answer",
          R"(read:5 say:"PONG\n")",
          "--",
          "sh",
          "-c",
          client + script,
          "sh",
          target_path("echo_accepted"),
          "{host}",
          "{port}"};
}

class FuzzHogTest : public ::testing::TestWithParam<Hog> {
  void SetUp() override { SELFCONNECT_NEEDS("userns", why_no_user_namespace()); }
};

TEST_P(FuzzHogTest, IsContainedAndReportedAndTheOtherRunsAreJudged) {
  in_enclosure(GetParam().identity, [](const Enclosure& enclosure) {
    Child child({.command = fuzz_hog(enclosure.file("out"), GetParam().script)});
    EXPECT_EQ(child.wait(seconds(100)), 1) << child.err();
    const auto report = nlohmann::json::parse(child.out(), nullptr, false);
    ASSERT_TRUE(report.is_object()) << child.out() << child.err();
    EXPECT_GE(report.at("contained"), 1) << report.dump(1);
    EXPECT_THAT(child.err(),
                ::testing::ContainsRegex("a target was contained: " + GetParam().reason +
                                         ", under: .*(close|reset|silent|garbage|script|truncate)"));
    std::set<std::string> rules;
    for (const auto& finding : report.at("findings")) rules.insert(finding.at("rule").get<std::string>());
    EXPECT_THAT(rules, ::testing::Contains("echo-accepted"));
    enclosure.expect_nothing_left({"out"});
  });
}

const std::vector<Hog> kHogs = {
    {"ForkBomb", Identity::kRoot, "while :; do sleep 60 & done", "512 processes"},
    {"ForkBombThatDetaches", Identity::kOrdinary, "while :; do (setsid sleep 60 &) ; done", "512 processes"},
    {"EatsMemory", Identity::kOrdinary,
     "exec python3 -c 'hold = []\nwhile True: hold.append(bytearray(b\"x\" * (1 << 22)))'",
     "more than [0-9]+ MiB of memory"}};

INSTANTIATE_TEST_SUITE_P(Hogs, FuzzHogTest, ::testing::ValuesIn(kHogs),
                         [](const auto& one) { return one.param.name; });

TEST(FuzzControlTest, SaysThatTheTargetWasEndedInAControl) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kRoot, [](const Enclosure& enclosure) {
    // A bomb at the first launch only.
    const std::string script =
        "[ -e \"$flag\" ] && exec \"$0\" \"$@\"; : > \"$flag\"; while :; do sleep 60 & done";
    Child child(
        {.command = {selfconnect_path(), "fuzz", "--out", enclosure.file("out"), "--workers", "1", "--runs",
                     "3", "--", "sh", "-c", script, target_path("guarded"), "{host}", "{port}"},
         .environment = {{"flag", enclosure.file("flag")}}});
    EXPECT_EQ(child.wait(seconds(60)), 2) << child.err();
    EXPECT_THAT(child.err(), HasSubstr("was ended in a control, under no schedule yet: 512 processes"));
    enclosure.expect_nothing_left({"out", "flag"});
  });
}

TEST(FuzzDiskTest, EndsWhereTheDiskIsFilledAndGoesOnOnceThereIsRoom) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kRoot, [](const Enclosure& enclosure) {
    const std::string out = enclosure.file("out");
    std::filesystem::create_directory(out);
    ASSERT_EQ(mount("tmpfs", out.c_str(), "tmpfs", 0, "size=64m"), 0) << errno;
    Child filling({.command = fuzz_hog(out, "cat /dev/zero >> \"$out/hog\"; sleep 60", "100000"),
                   .environment = {{"out", out}}});
    // 1 where something was found before.
    EXPECT_THAT(filling.wait(seconds(60)), ::testing::AnyOf(1, 2)) << filling.err();
    EXPECT_THAT(filling.err(), HasSubstr("the disk of " + out + " has less than 31 MiB left"));
    EXPECT_EQ(nlohmann::json::parse(filling.out(), nullptr, false)["ended"], "failed") << filling.out();

    std::filesystem::remove(out + "/hog");
    Child again({.command = fuzz_hog(out, "exit 1")});
    EXPECT_EQ(again.wait(seconds(60)), 1) << again.err();
    EXPECT_EQ(umount(out.c_str()), 0) << errno;
    enclosure.expect_nothing_left({"out"});
  });
}

}  // namespace
}  // namespace selfconnect::testing
