// What the whole reports of report_golden_test.cc do not show.
// SPDX-License-Identifier: MIT
#include "harness/report/console.h"

#include <gmock/gmock.h>

#include <sstream>

#include "harness/report/finding_text.h"
#include "harness/report/phase_table.h"
#include "harness/report/readable.h"
#include "tests/unit/report_samples.h"

namespace selfconnect {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHostile =
    "\x1b]0;owned\x07\xc2\x9b"
    "2J\r\xff\xe2\x80\xae";

// A run in which every text of the target's or the user's would take over a terminal.
std::pair<Run, Judgement> hostile() {
  auto run = samples::redis_run();
  run.command.emplace_back(kHostile);
  run.success_pattern = kHostile;
  run.not_run.emplace_back(Phase::kBind, kHostile);
  run.traces.back().ended.stop_reason = kHostile;
  Judgement judgement = samples::redis_judgement();
  judgement.verdict = Verdict::kError;
  judgement.reason = std::string("interrupted").append(kHostile);
  judgement.rules[1].outcome = NotJudged{std::string(kHostile)};
  Finding finding = samples::talks_to_itself();
  finding.message = kHostile;
  finding.evidence = {{std::string(kHostile), std::string(kHostile)},
                      {"sent", Bytes{std::string(kHostile), 99}}};
  judgement.findings.push_back(finding);
  return {run, judgement};
}

TEST(ConsoleReportTest, LetsNothingOfTheTargetControlTheTerminal) {
  const auto [run, judgement] = hostile();
  const std::string text = console_report(run, judgement, {});
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
  }
  EXPECT_THAT(text, HasSubstr(R"(\x1b]0;owned\x07\u{009b}2J\r\xff\u{202e})"));
}

TEST(ConsoleReportTest, HasColourOnlyIfTheStyleSaysSo) {
  const std::string plain = console_report(samples::redis_run(), samples::redis_judgement(), {});
  std::string coloured = console_report(samples::redis_run(), samples::redis_judgement(), {.colour = true});
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  EXPECT_THAT(coloured, HasSubstr("\x1b[1;31mFAIL\x1b[0m"));
  // Without its SGR sequences it is the plain report.
  for (std::size_t at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
    coloured.erase(at, coloured.find('m', at) + 1 - at);
  }
  EXPECT_EQ(coloured, plain);
}

TEST(ConsoleReportTest, TellsAFailureFromAnErrorOfOursByColourToo) {
  const std::string error = console_report({}, samples::failed(), {.colour = true});
  EXPECT_THAT(error, HasSubstr("\x1b[1;97;45mERROR\x1b[0m"));
}

TEST(ConsoleReportTest, KeepsToTheWidth) {
  auto run = samples::redis_run();
  run.command.assign(40, "argument");
  std::istringstream text(console_report(run, samples::redis_judgement(), {.width = 80}));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("  selfconnect check")) {  // to be copied
      EXPECT_LE(columns(line), 80U) << line;
    }
  }
}

TEST(ConsoleReportTest, ExplainsARuleOnce) {
  Judgement judgement = samples::redis_judgement();
  samples::add(judgement, samples::echo_accepted());
  const std::string text = console_report(samples::redis_run(), judgement, {});
  const std::size_t first = text.find(samples::kRules[0].why.substr(0, 40));
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(text.find(samples::kRules[0].why.substr(0, 40), first + 1), std::string::npos);
}

TEST(ConsoleReportTest, SaysThatFindingsBelowFailOnDidNotFailTheRun) {
  Judgement judgement = samples::pass();
  samples::add(judgement, samples::talks_to_itself());
  const std::string text = console_report(samples::redis_run(), judgement, {});
  EXPECT_THAT(text, HasSubstr("PASS  1 warning found, below what fails a run (--fail-on)\n"));
}

TEST(ConsoleReportTest, CountsNoFindingOfAControl) {
  Judgement judgement = samples::pass();
  samples::add(judgement, samples::spins_in_control());
  const std::string text = console_report(samples::redis_run(), judgement, {});
  EXPECT_THAT(text,
              HasSubstr("PASS  the target was connected to itself once, and no rule found fault with it\n"));
  EXPECT_THAT(text, HasSubstr("spins (in a control only)"));
}

TEST(ConsoleReportTest, ShowsTheRunWhenARequiredRuleWasNotJudged) {
  Judgement judgement = samples::pass();
  judgement.verdict = Verdict::kSkip;
  judgement.reason = "never-recovers was not judged: the target ends by itself";
  const std::string text = console_report(samples::redis_run(), judgement, {});
  EXPECT_THAT(text,
              HasSubstr("SKIP  no verdict: never-recovers was not judged: the target ends by itself\n"));
  EXPECT_THAT(text, HasSubstr("--require"));
  EXPECT_THAT(text, HasSubstr("\nPhases\n"));
}

TEST(ConsoleReportTest, TellsNoStoryOfASelfConnectionThatWasNotSeen) {
  auto run = samples::redis_run();
  run.traces = {samples::refused()};
  EXPECT_THAT(console_report(run, samples::redis_judgement(), {}), Not(HasSubstr("Nothing listened")));
}

TEST(ConsoleReportTest, CutsALongCommandWithoutEnd) {
  auto run = samples::redis_run();
  run.command.emplace_back(100'000, 'x');
  EXPECT_LT(console_report(run, samples::pass(), {}).size(), 4'000U);
}

TEST(EvidenceTextTest, SaysHowMuchOfTheBytesIsShown) {
  const std::string text = evidence_text({{"sent", Bytes{std::string(300, 'a'), 5000}}}, {});
  EXPECT_THAT(text, HasSubstr("sent  5000 bytes, the first 256:\n"));
  EXPECT_THAT(text, HasSubstr("      00f0  "));
  EXPECT_THAT(text, Not(HasSubstr("0100  ")));
}

TEST(EvidenceTextTest, SetsLinesUnderOneAnother) {
  EXPECT_EQ(evidence_text({{"report", std::string("one\ntwo\x1b\n")}, {"alive", true}}, {}),
            "    report  one\n            two\\x1b\n    alive   yes\n");
}

TEST(PhaseTableTest, NamesTheDestinationWhereThereAreSeveral) {
  auto run = samples::redis_run();
  run.destinations.push_back(samples::loopback(50002));
  run.traces.push_back(samples::self_connected());
  run.traces.back().destination = samples::loopback(50002);
  const std::string text = phase_table(run, {});
  EXPECT_THAT(text, HasSubstr("\n  to 127.0.0.1:50000\n  self-connect"));
  EXPECT_THAT(text, HasSubstr("\n  to 127.0.0.1:50002\n  self-connect"));
}

TEST(PhaseTableTest, NamesTheSignal) {
  selfconnect::Run run;
  run.traces = {samples::self_connected()};
  run.traces[0].ended = {.how = Ended::How::kSignal, .code = 11};
  EXPECT_THAT(phase_table(run, {}), HasSubstr("SIGSEGV"));
}

TEST(PhaseTableTest, SaysThatPacketsWereLost) {
  auto run = samples::redis_run();
  run.traces[0].packets_lost = 3;
  EXPECT_THAT(phase_table(run, {}), HasSubstr("3 packets not captured"));
}

}  // namespace
}  // namespace selfconnect
