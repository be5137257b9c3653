// Whole reports of hand-written runs, against the files in golden/. With SELFCONNECT_UPDATE_GOLDEN set the
// files are written instead, for a reader to look at in the diff.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/report/console.h"
#include "harness/report/json.h"
#include "harness/report/junit.h"
#include "harness/report/rule_text.h"
#include "tests/unit/report_samples.h"

namespace selfconnect {
namespace {

void expect_golden(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "golden" / name;
  if (std::getenv("SELFCONNECT_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    FAIL() << "wrote " << path << "; run again without SELFCONNECT_UPDATE_GOLDEN";
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  EXPECT_EQ(text, std::string(std::istreambuf_iterator<char>(file), {})) << path;
}

void expect_all_golden(const std::string& name, const Run& run, const Judgement& judgement) {
  expect_golden(name + ".console.txt", console_report(run, judgement, {}));
  expect_golden(name + ".json", json_report(run, judgement));
  expect_golden(name + ".junit.xml", junit_report(run, judgement, FailOn::kError));
}

TEST(ReportGoldenTest, ShowsARunThatFails) {
  expect_all_golden("fail", samples::redis_run(), samples::redis_judgement());
}

TEST(ReportGoldenTest, ShowsARunThatPasses) {
  expect_all_golden("pass", samples::redis_run(), samples::pass());
}

TEST(ReportGoldenTest, ShowsASkip) {
  expect_all_golden("skip", {.command = {"redis-cli", "-p", "50000", "PING"}, .seed = 7}, samples::skip());
}

TEST(ReportGoldenTest, ShowsAnError) {
  expect_all_golden("error", {.command = {"redis-cil", "PING"}, .seed = 7}, samples::failed());
}

TEST(ReportGoldenTest, ShowsWhatAnInterruptedRunKnows) {
  expect_all_golden("interrupted", samples::interrupted_run(), samples::interrupted());
}

TEST(ReportGoldenTest, ShowsARunWithASchedule) {
  expect_all_golden("schedule", samples::scheduled_run(), samples::scheduled_judgement());
}

TEST(ReportGoldenTest, ShowsTheRules) {
  expect_golden("rules.txt", rule_table(samples::kRules, {}));
  expect_golden("rule.txt", rule_page(samples::kRules[0], {}));
}

}  // namespace
}  // namespace selfconnect
