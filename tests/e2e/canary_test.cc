// The canaries: each has a fault that only one order of events shows. That order finds it, by the rule that its first lines name;
// nothing less does, and its twin without the fault stays clean. `selfconnect fuzz` finds the order by itself.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "checked.h"
#include "harness/schedule/schedule.h"
#include "machine.h"

namespace selfconnect::testing {
namespace {

using ::testing::IsEmpty;

const std::string kAnswer = R"(read:5 say:"PONG\n")";

std::string source_of(const std::string& name) {
  return read_file(source_path("targets/canaries") / (name + ".cc"));
}

// The value of a line `// selfconnect: KEY = VALUE`.
std::string first_lines_say(const std::string& name, const std::string& key) {
  const std::string mark = "// selfconnect: " + key + " = ";
  std::istringstream lines(source_of(name));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(mark)) return line.substr(mark.size());
  }
  ADD_FAILURE() << name << " does not say '" << key << "' in its first lines";
  return "";
}

Schedule planted_in(const std::string& name) {
  const auto schedule = parse_schedule(first_lines_say(name, "planted"));
  if (schedule) return *schedule;
  ADD_FAILURE() << name << ": " << schedule.error().message(first_lines_say(name, "planted"));
  return {};
}

// Every schedule that has one attempt less.
std::vector<Schedule> one_less(const Schedule& schedule) {
  std::vector<Schedule> shorter;
  for (std::size_t i = 0; i < schedule.entries.size(); ++i) {
    shorter.push_back(schedule);
    --shorter.back().entries[i].count;
    shorter.back() = normal_form(shorter.back());
  }
  return shorter;
}

Arguments command_of(const std::string& built) {
  return {"--", target_path("canaries/" + built), "{host}", "{port}"};
}

std::vector<std::string> canaries() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("targets/canaries"))) {
    if (entry.path().extension() == ".cc") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

class CanaryTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { SELFCONNECT_NEEDS("netns", why_no_world()); }

  static Checked check_under(const Schedule& schedule, const std::string& built) {
    Arguments arguments = {"--schedule", print(schedule), "--answer", kAnswer, "--timeout", "4s"};
    const Arguments command = command_of(built);
    arguments.insert(arguments.end(), command.begin(), command.end());
    return check(arguments);
  }
};

TEST_P(CanaryTest, IsFoundUnderThePlantedSchedule) {
  const Checked checked = check_under(planted_in(GetParam()), GetParam());
  EXPECT_EQ(checked.verdict(), "fail") << checked;
  EXPECT_EQ(checked.found("error"), std::set<std::string>{first_lines_say(GetParam(), "rule")}) << checked;
}

TEST_P(CanaryTest, PassesWithOneEventLess) {
  for (const Schedule& schedule : one_less(planted_in(GetParam()))) {
    const Checked checked = check_under(schedule, GetParam());
    EXPECT_EQ(checked.verdict(), "pass") << print(schedule) << '\n' << checked;
    EXPECT_THAT(checked.found("warning"), IsEmpty()) << print(schedule) << '\n' << checked;
  }
}

TEST_P(CanaryTest, TwinPassesUnderThePlantedSchedule) {
  const Checked checked = check_under(planted_in(GetParam()), GetParam() + "_twin");
  EXPECT_EQ(checked.verdict(), "pass") << checked;
  EXPECT_THAT(checked.found("warning"), IsEmpty()) << checked;
}

INSTANTIATE_TEST_SUITE_P(Canaries, CanaryTest, ::testing::ValuesIn(canaries()),
                         [](const auto& one) { return one.param; });

class CanaryFuzzTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { SELFCONNECT_NEEDS("netns", why_no_world()); }

  nlohmann::json fuzz(const Arguments& limits, const std::string& built) {
    Arguments arguments = {"fuzz",
                           "--out",
                           directory_.file("out"),
                           "--json",
                           directory_.file("fuzz.json"),
                           "--answer",
                           kAnswer,
                           "--timeout",
                           "4s"};
    arguments.insert(arguments.end(), limits.begin(), limits.end());
    const Arguments command = command_of(built);
    arguments.insert(arguments.end(), command.begin(), command.end());
    called_ = call(arguments);
    return nlohmann::json::parse(read_file(directory_.file("fuzz.json")), nullptr, false);
  }

  TempDir directory_;
  Called called_;
};

TEST_P(CanaryFuzzTest, IsFoundFromAnEmptyCorpus) {
  const auto report = fuzz({"--until-finding", "--duration", "90s", "--workers", "2"}, GetParam());
  ASSERT_TRUE(report.is_object()) << called_;
  EXPECT_EQ(called_.status, 1) << called_;
  const std::uint64_t most = length(planted_in(GetParam()));
  const std::string rule = first_lines_say(GetParam(), "rule");
  int found = 0;
  for (const auto& finding : report.at("findings")) {
    const auto schedule = parse_schedule(finding.at("schedule").get<std::string>());
    ASSERT_TRUE(schedule) << finding;
    EXPECT_EQ(finding.at("rule"), rule) << finding;
    EXPECT_EQ(finding.at("flaky"), false) << finding;
    EXPECT_LE(length(*schedule), most) << finding;
    ++found;
  }
  EXPECT_GE(found, 1) << called_;
}

TEST_P(CanaryFuzzTest, TwinStaysClean) {
  const auto report = fuzz({"--duration", "15s", "--workers", "2"}, GetParam() + "_twin");
  ASSERT_TRUE(report.is_object()) << called_;
  EXPECT_EQ(called_.status, 0) << called_;
  EXPECT_THAT(report.at("findings"), IsEmpty()) << called_;
  EXPECT_GE(report.at("runs"), 100) << called_;
}

INSTANTIATE_TEST_SUITE_P(Canaries, CanaryFuzzTest, ::testing::ValuesIn(canaries()),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace selfconnect::testing
