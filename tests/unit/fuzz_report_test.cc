// How a campaign is told: the line on the terminal, the summary, JSON.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/report/fuzz_json.h"
#include "harness/report/fuzz_text.h"

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

CampaignFinding finding(bool seen = true) {
  return {.saved = {.name = "hangs-self-00000001",
                    .key = "hangs event=self",
                    .rule = "hangs",
                    .level = Level::kError,
                    .message = "the target \x1b[31mhangs",
                    .schedule = "self serve",
                    .first_schedule = "self*3 serve",
                    .seed = 7,
                    .shown = 1,
                    .confirmations = 1,
                    .shrink_runs = 5,
                    .minimal = true,
                    .replay = "selfconnect replay o/findings/hangs-self-00000001 -- ./client"},
          .is_new = true,
          .seen = seen};
}

CampaignResult result() {
  CampaignResult result;
  result.command = {"./client", "{port}"};
  result.seed = 7;
  result.directory = "o";
  result.corpus = "o/corpus";
  result.runs = 12'345;
  result.workers = 2;
  result.inputs = 96;
  result.elapsed = 15s;
  return result;
}

TEST(FuzzTextTest, ShowsHowFarItIs) {
  FuzzState state{.runs = 12'345,
                  .runs_per_second = 811.6,
                  .inputs = 96,
                  .findings = 2,
                  .elapsed = 65s,
                  .left = {},
                  .runs_left = {}};
  EXPECT_EQ(fuzz_progress_line(state),
            "12,345 runs, 812/s, corpus 96, 2 findings, 1 min 5 s, Ctrl-C ends it");
  state.left = 252s;
  EXPECT_EQ(fuzz_progress_line(state), "12,345 runs, 812/s, corpus 96, 2 findings, 4 min 12 s left");
  state.left = -3s;
  EXPECT_THAT(fuzz_progress_line(state), HasSubstr(", 0 s left"));
  state.left.reset();
  state.runs_left = 1;
  EXPECT_THAT(fuzz_progress_line(state), HasSubstr(", 1 run left"));
}

TEST(FuzzTextTest, TellsAFindingInOneLine) {
  EXPECT_EQ(campaign_finding_line(finding(), "o", {}),
            "error hangs: self serve  (o/findings/hangs-self-00000001)\n");
  CampaignFinding flaky = finding();
  flaky.saved.shown = 0;
  EXPECT_EQ(campaign_finding_line(flaky, "o", {}),
            "flaky hangs: self serve  (o/findings/hangs-self-00000001)\n");
}

TEST(FuzzTextTest, SumsUp) {
  CampaignResult campaign = result();
  campaign.findings = {finding()};
  EXPECT_EQ(
      campaign_text(campaign, {}),
      "selfconnect fuzz: time is up: 12,345 runs in 15 s (823/s, 2 workers), corpus 96, 1 finding, seed 7\n"
      "\n"
      "  error hangs\n"
      "    the target \\x1b[31mhangs\n"
      "    schedule  self serve\n"
      "    replay    selfconnect replay o/findings/hangs-self-00000001 -- ./client\n");
}

TEST(FuzzTextTest, TellsWhatIsNotAFindingOfThisCampaign) {
  CampaignResult campaign = result();
  campaign.findings = {finding(false)};
  campaign.unsettled = {"crashes-self-00000002"};
  campaign.contained = 3;
  const std::string text = campaign_text(campaign, {});
  EXPECT_THAT(text, HasSubstr("0 findings"));
  EXPECT_THAT(text, Not(HasSubstr("schedule  ")));
  EXPECT_THAT(text, HasSubstr("1 finding of an earlier campaign was not met again: see o/findings"));
  EXPECT_THAT(text, HasSubstr("1 finding seen and not yet confirmed"));
  EXPECT_THAT(text, HasSubstr("3 runs in which the target took too much"));
}

TEST(FuzzJsonTest, HasTheDocumentedKeys) {
  CampaignResult campaign = result();
  campaign.findings = {finding()};
  const auto json = nlohmann::json::parse(campaign_json(campaign, Verdict::kFail));
  EXPECT_EQ(json.at("schema"), "selfconnect.fuzz/1");
  EXPECT_EQ(json.at("verdict"), "fail");
  EXPECT_EQ(json.at("seed"), 7);
  EXPECT_EQ(json.at("ended"), "time");
  EXPECT_EQ(json.at("runs"), 12'345);
  EXPECT_EQ(json.at("corpus").at("inputs"), 96);
  EXPECT_EQ(json.at("findings").at(0).at("schedule"), "self serve");
  EXPECT_EQ(json.at("findings").at(0).at("directory"), "o/findings/hangs-self-00000001");
  EXPECT_FALSE(json.contains("reason"));
}

TEST(FuzzJsonTest, SaysWhyItFailed) {
  CampaignResult campaign = result();
  campaign.end = CampaignEnd::kFailed;
  campaign.failed = {Verdict::kSkip, "no namespaces \xff here"};
  const auto json = nlohmann::json::parse(campaign_json(campaign, Verdict::kSkip));
  EXPECT_EQ(json.at("reason"), "no namespaces \\xff here");
  EXPECT_EQ(json.at("ended"), "failed");
}

}  // namespace
}  // namespace selfconnect
