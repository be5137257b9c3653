// JSON and JUnit beyond the whole reports of report_golden_test.cc.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "harness/report/json.h"
#include "harness/report/junit.h"
#include "tests/unit/report_samples.h"

namespace selfconnect {
namespace {

using testing::HasSubstr;

nlohmann::json parsed(const Run& run, const Judgement& judgement) {
  return nlohmann::json::parse(json_report(run, judgement));
}

TEST(JsonReportTest, EscapesBytesThatAreNotUtf8) {
  auto run = samples::redis_run();
  run.command.emplace_back("caf\xc3\xa9\xff\x1b");
  run.kernel = run.engine = run.isolation = "\xff";
  run.traces[0].left_behind = {"\xff"};
  run.not_run[0].second = "\xff";
  Judgement judgement = samples::redis_judgement();
  judgement.rules[1].outcome = NotJudged{"\xff"};
  judgement.findings[0].message = "\xff";
  judgement.findings[0].evidence = {{"\xff", "\xff"}, {"sent", Bytes{"\xff", 1}}};
  const auto json = parsed(run, judgement);
  EXPECT_EQ(json["command"].back(), "caf\xc3\xa9\\xff\x1b");
  EXPECT_EQ(json["rules"]["never-recovers"], "not judged: \\xff");
  EXPECT_EQ(json["findings"][0]["evidence"]["\\xff"], "\\xff");
  EXPECT_EQ(json["findings"][0]["evidence"]["sent"]["hex"], "ff");
}

TEST(JsonReportTest, SaysHowTheTargetEnded) {
  auto run = samples::redis_run();
  run.traces[0].ended = {.how = Ended::How::kSignal, .code = 11};
  const auto json = parsed(run, samples::pass());
  EXPECT_EQ(json["phases"][0]["ended"], (nlohmann::json{{"how", "signal"}, {"signal", 11}}));
  EXPECT_EQ(json["phases"][1]["ended"], (nlohmann::json{{"how", "exit"}, {"code", 0}}));
  EXPECT_EQ(json["phases"][2]["ended"], (nlohmann::json{{"how", "stopped"}, {"reason", "decided"}}));
}

TEST(JsonReportTest, GivesAReasonForSkipAndErrorOnly) {
  EXPECT_FALSE(parsed({}, samples::pass()).contains("reason"));
  EXPECT_FALSE(parsed({}, samples::redis_judgement()).contains("reason"));
  EXPECT_EQ(parsed({}, samples::skip())["reason"], samples::skip().reason);
  EXPECT_EQ(parsed({}, samples::failed())["reason"], samples::failed().reason);
}

TEST(JsonReportTest, KeepsASeedOf64Bits) {
  EXPECT_EQ(parsed({.seed = std::numeric_limits<std::uint64_t>::max()}, samples::pass())["seed"],
            std::numeric_limits<std::uint64_t>::max());
}

TEST(JsonReportTest, TakesTheFirstSelfConnectionKept) {
  selfconnect::Run run;
  Trace trace = samples::self_connected();
  trace.attempts.kept.insert(trace.attempts.kept.begin(), samples::refused().attempts.kept[0]);
  trace.attempts.kept[1].number = 4;
  trace.attempts.kept[1].decided_at.reset();
  run.traces = {trace};
  const auto phase = parsed(run, samples::pass())["phases"][0];
  EXPECT_EQ(phase["first_self_connect_attempt"], 4);
  EXPECT_EQ(phase["first_self_connect_ms"], 0.402);
}

pugi::xml_node suite_of(pugi::xml_document& document, const std::string& text) {
  EXPECT_TRUE(document.load_string(text.c_str())) << text;
  return document.child("testsuite");
}

pugi::xml_node case_of(const pugi::xml_node& suite, const char* rule) {
  return suite.find_child_by_attribute("testcase", "name", rule);
}

TEST(JunitReportTest, FailsWarningsWhenTheyFailTheRun) {
  pugi::xml_document document;
  const auto suite =
      suite_of(document, junit_report(samples::redis_run(), samples::redis_judgement(), FailOn::kWarning));
  EXPECT_EQ(suite.attribute("failures").as_int(), 2);
  EXPECT_TRUE(case_of(suite, "talks-to-itself").child("failure"));
  EXPECT_TRUE(case_of(suite, "spins").child("system-out")) << "seen in a control: never a failure";
  EXPECT_FALSE(case_of(suite, "spins").child("failure"));
}

TEST(JunitReportTest, FailsNothingWhenNothingIsToFail) {
  pugi::xml_document document;
  const auto suite =
      suite_of(document, junit_report(samples::redis_run(), samples::redis_judgement(), FailOn::kNever));
  EXPECT_EQ(suite.attribute("failures").as_int(), 0);
  EXPECT_TRUE(case_of(suite, "echo-accepted").child("system-out"));
}

TEST(JunitReportTest, GathersTheFindingsOfARuleInOneFailure) {
  Judgement judgement = samples::redis_judgement();
  Finding second = samples::echo_accepted();
  second.message = "the second one";
  samples::add(judgement, second);
  pugi::xml_document document;
  const auto suite = suite_of(document, junit_report(samples::redis_run(), judgement, FailOn::kError));
  const auto failure = case_of(suite, "echo-accepted").child("failure");
  EXPECT_FALSE(failure.next_sibling("failure"));
  EXPECT_EQ(failure.attribute("message").as_string(), samples::echo_accepted().message);
  EXPECT_THAT(failure.text().as_string(), HasSubstr("the second one"));
}

TEST(JunitReportTest, SkipsTheRunWhereThereAreNoRules) {
  pugi::xml_document document;
  const auto suite =
      suite_of(document, junit_report({}, {.verdict = Verdict::kSkip, .reason = "why"}, FailOn::kError));
  EXPECT_EQ(suite.attribute("skipped").as_int(), 1);
  EXPECT_STREQ(suite.child("testcase").child("skipped").attribute("message").as_string(), "why");
}

TEST(JunitReportTest, ReplacesWhatXmlForbids) {
  const std::string_view hostile("\x00\x1b\r\xff\xef\xbf\xbf</failure>&\xc3\xa9", 20);
  Judgement judgement = samples::failed();
  judgement.reason = hostile;
  const std::string text = junit_report({.command = {std::string(hostile)}}, judgement, FailOn::kError);
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_EQ(text.find("\xef\xbf\xbf"), std::string::npos);
  pugi::xml_document document;
  const auto error = suite_of(document, text).child("testcase").child("error");
  EXPECT_STREQ(error.attribute("message").as_string(),
               "\\x00\\x1b\\r\\xff\\xef\\xbf\\xbf</failure>&\xc3\xa9");
}

}  // namespace
}  // namespace selfconnect
