// selfconnect measure: what is kept of a measurement, and what is not taken away.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "enclosure.h"
#include "machine.h"
#include "measured.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

class SavedMeasurementTest : public ::testing::Test {
  void SetUp() override { SELFCONNECT_NEEDS("netns", why_no_world()); }
};

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename());
  return names;
}

TEST_F(SavedMeasurementTest, HasNothingOfAnOlderOne) {
  const TempDir directory;
  const std::string out = directory.file("out");
  for (const char* trials : {"3", "1"}) {
    const Called called = call({"measure", "--policy", "sequential:49990-50010", "--trials", trials, "--out",
                                out, "--json", out + "/figures.json", "--loop"});
    ASSERT_EQ(called.status, 0) << called;
  }
  EXPECT_THAT(names_in(out), UnorderedElementsAre("measurement.json", "figures.json", "trial-1"));
  EXPECT_EQ(Json::parse(read_file(out + "/measurement.json")).at("trials").size(), 1U);
}

TEST_F(SavedMeasurementTest, TakesNothingAwayThatIsNotItsOwnNorBeforeThereIsANewOne) {
  const TempDir directory;
  const std::string out = directory.file("out");
  ASSERT_EQ(
      call({"measure", "--policy", "sequential:49990-50010", "--trials", "2", "--out", out, "--loop"}).status,
      0);
  std::filesystem::create_directories(out + "/trial-7");
  write_file(out + "/trial-7/notes.txt", "mine");
  const std::string before = read_file(out + "/measurement.json");
  const Called skipped =
      call({"measure", "--engine", "range", "--policy", "sequential:49990-50010", "--out", out, "--loop"});
  EXPECT_EQ(skipped.status, 77) << skipped;
  EXPECT_EQ(read_file(out + "/measurement.json"), before);
  EXPECT_THAT(names_in(out), UnorderedElementsAre("measurement.json", "trial-1", "trial-2", "trial-7"));
  ASSERT_EQ(call({"measure", "--policy", "sequential:49990-50010", "--out", out, "--loop"}).status, 0);
  EXPECT_THAT(names_in(out), UnorderedElementsAre("measurement.json", "trial-1", "trial-7"));
  EXPECT_EQ(read_file(out + "/trial-7/notes.txt"), "mine");
}

// Dials another port first, for longer than a trial is waited for; then {port}. By a file, so that the second launch does nothing.
TEST_F(SavedMeasurementTest, KeepsTheTrialsBeforeOneThatCameToNothing) {
  const TempDir directory;
  const std::string once = directory.file("once");
  const Measured measured =
      measure({"--policy", "force", "--trials", "3", "--", "sh", "-c",
               "mkdir " + once + " 2>/dev/null && exec " + target_path("static") + " 127.0.0.1 50000; true"});
  EXPECT_EQ(measured.called.status, 2) << measured;
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("trials").size(), 1U);
  EXPECT_EQ(measured.report.at("hits"), 1);
  EXPECT_THAT(measured.report.at("failure").get<std::string>(), HasSubstr("dialled nothing over TCP"));
  EXPECT_THAT(measured.called.err, HasSubstr("Trial 2 came to nothing"));
}

TEST_F(SavedMeasurementTest, KeepsTheTrialsBeforeAnInterrupt) {
  const TempDir directory;
  const std::string once = directory.file("once"), dialled = directory.file("dialled");
  const Arguments command = {selfconnect_path(),
                             "measure",
                             "--json",
                             "-",
                             "--policy",
                             "force",
                             "--trials",
                             "3",
                             "--",
                             "sh",
                             "-c",
                             "mkdir " + once + " 2>/dev/null && exec " + target_path("static") +
                                 " 127.0.0.1 50000; " + target_path("static") + " 127.0.0.1 50001; touch " +
                                 dialled + "; exec sleep 1000"};
  Child child({.command = command});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(dialled); })) << child.err();
  child.signal(SIGINT);
  EXPECT_EQ(child.wait(std::chrono::seconds(30)), 2) << child.err();
  const Json report = Json::parse(child.out(), nullptr, false);
  ASSERT_TRUE(report.is_object()) << child.err();
  EXPECT_EQ(report.at("trials").size(), 2U);
  EXPECT_EQ(report.at("hits"), 1);
  EXPECT_EQ(report.at("elsewhere").at("attempts"), 1);
  EXPECT_THAT(child.err(),
              HasSubstr("note: the command never dialled port 50000; it dialled 127.0.0.1:50001"));
}

TEST_F(SavedMeasurementTest, AClientThatTheEngineDoesNotSeeIsASkip) {
  const Measured measured = measure({"--engine", "notify", "--policy", "sequential:49990-50010", "--attempts",
                                     "15", "--", target_path("io_uring"), "{host}", "{port}"});
  EXPECT_EQ(measured.called.status, 77) << measured;
  EXPECT_THAT(measured.called.err, HasSubstr("dials past the engine notify"));
}

}  // namespace
}  // namespace selfconnect::testing
