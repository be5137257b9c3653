// The rules of a client on the virtual network: each found where it is to be found, and clear where a correct client does the same.
// SPDX-License-Identifier: MIT
#include "records.h"

namespace selfconnect::vnet {
namespace {

class VnetRulesTest : public ::testing::Test {
 protected:
  FakeControls controls_;
};

TEST_F(VnetRulesTest, SuccessAfterTheScheduleIsClear) {
  const FuzzTarget target{.run = [](const Server&) { return Ending::kSuccess; }, .secrets = {"hunter2"}};
  for (const char* schedule : {"serve", "refuse*3 self reset serve", "silent garbage:3 serve"}) {
    EXPECT_EQ(judge_end(life(schedule, length(schedule_of(schedule)) + 1), target, controls_), std::nullopt)
        << schedule;
  }
}

// spins

TEST_F(VnetRulesTest, DiallingWithoutTimeIsSpinning) {
  EXPECT_EQ(rule_of(judge_spin(stopped(life("refuse*1000 serve", 1000), Stop::kAttempts))), "spins");
  EXPECT_EQ(rule_of(judge_spin(stopped(life("refuse serve", 1), Stop::kCalls))), "spins");
  EXPECT_EQ(judge_spin(stopped(life("refuse serve", 1), Stop::kStandstill)), std::nullopt);
}

// crashes

TEST_F(VnetRulesTest, SigpipeIsACrash) {
  EXPECT_EQ(rule_of(judge_signal(stopped(life("close serve", 1), Stop::kSignal))), "crashes");
  EXPECT_EQ(judge_signal(life("close serve", 2)), std::nullopt);
}

// leaks-fds

TEST_F(VnetRulesTest, DescriptorsLeftAtTheEndAreLeaked) {
  const FuzzTarget function{.run = [](const Server&) { return Ending::kSuccess; }};
  Record record = life("refuse serve", 2);
  record.descriptors = 1;
  EXPECT_EQ(rule_of(judge_descriptors(record, function)), "leaks-fds");
  record.descriptors = 0;
  EXPECT_EQ(judge_descriptors(record, function), std::nullopt);
}

TEST_F(VnetRulesTest, AProgramLeavesItsDescriptorsToTheKernel) {
  const FuzzTarget program{.program = [](int, char**) { return 0; }};
  Record record = life("self*3 serve", 4);
  record.descriptors = 2;
  EXPECT_EQ(judge_descriptors(record, program), std::nullopt);
  record.dead_sockets = {2};
  record.recovered = 3;
  EXPECT_EQ(rule_of(judge_descriptors(record, program)), "leaks-fds");
  record.dials_at_once = true;
  EXPECT_EQ(judge_descriptors(record, program), std::nullopt);
}

// echo-accepted

TEST_F(VnetRulesTest, SuccessWithNobodyThereIsAnEcho) {
  EXPECT_EQ(rule_of(judge_echo(life("self serve", 1), controls_)), "echo-accepted");
  EXPECT_EQ(rule_of(judge_echo(life("drop refuse exhausted serve", 3), controls_)), "echo-accepted");
}

TEST_F(VnetRulesTest, SuccessOfAnAcceptedAttemptIsNone) {
  EXPECT_EQ(judge_echo(life("self garbage:5 serve", 2), controls_), std::nullopt);
  EXPECT_EQ(judge_echo(gave_up(life("self serve", 1)), controls_), std::nullopt);
}

TEST_F(VnetRulesTest, SuccessOfAOneShotWithNobodyThereIsAnEcho) {
  controls_.refused_life = gave_up(life("refuse*16 serve", 1));
  EXPECT_EQ(rule_of(judge_echo(life("self serve", 1), controls_)), "echo-accepted");
}

TEST_F(VnetRulesTest, SuccessThatRefusalsBringMeansNothing) {
  controls_.refused_life = life("refuse*16 serve", 3);
  EXPECT_EQ(judge_echo(life("self serve", 1), controls_), std::nullopt);
}

// secret-echoed

TEST_F(VnetRulesTest, SecretIsFoundInWhatWasWrittenToItself) {
  Record record = life("self serve", 2);
  for (const char* sent :
       {"AUTH hunter2\r\n", "aHVudGVyMg==", "dXNlcjpodW50ZXIy", "Basic eDpodW50ZXIyOng="}) {
    record.attempts[0].sent = sent;
    EXPECT_EQ(rule_of(judge_secrets(record, {"hunter2"})), "secret-echoed") << sent;
  }
}

TEST_F(VnetRulesTest, SecretForAnotherIsNoEcho) {
  Record record = life("self serve", 2);
  record.attempts[0].sent = "AUTH hunter\r\n";
  record.attempts[1].sent = "AUTH hunter2\r\n";
  EXPECT_EQ(judge_secrets(record, {"hunter2"}), std::nullopt);
  EXPECT_EQ(judge_secrets(record, {""}), std::nullopt);
}

TEST_F(VnetRulesTest, SecretItselfIsNotTold) {
  Record record = life("self serve", 2);
  record.attempts[0].sent = "AUTH hunter2\r\n";
  EXPECT_EQ(judge_secrets(record, {"hunter2"})->message.find("hunter2"), std::string::npos);
}

// talks-to-itself

TEST_F(VnetRulesTest, BytesWrittenToItselfAreSelfTalk) {
  Record record = life("self serve", 2);
  EXPECT_EQ(judge_self_talk(record), std::nullopt);
  record.attempts[0].sent = "PING\n";
  EXPECT_EQ(rule_of(judge_self_talk(record)), "talks-to-itself");
}

// never-recovers

TEST_F(VnetRulesTest, AnHourOfQuietIsNoRecovery) {
  Record record = stopped(life("self serve", 1), Stop::kPatience);
  EXPECT_EQ(rule_of(judge_quiet_hour(record, controls_)), "never-recovers");
  EXPECT_EQ(rule_of(judge_quiet_hour(stopped(life("self serve", 9), Stop::kPatience), controls_)),
            "never-recovers");
}

TEST_F(VnetRulesTest, AnHourBeforeTheQuietWindowIsAHang) {
  const Record record = stopped(life("refuse*3 serve", 2), Stop::kPatience);
  EXPECT_EQ(judge_quiet_hour(record, controls_), std::nullopt);
  EXPECT_EQ(rule_of(judge_hang(record, controls_)), "hangs");
}

TEST_F(VnetRulesTest, WhatFailsInHealthFailsWithoutFault) {
  controls_.healthy_lives = {gave_up(life("serve", 1))};
  EXPECT_EQ(judge_quiet_hour(stopped(life("self serve", 9), Stop::kPatience), controls_), std::nullopt);
  EXPECT_EQ(judge_giving_up(gave_up(life("self serve", 2)), controls_), std::nullopt);
}

TEST_F(VnetRulesTest, GivingUpOnAServerThatAnsweredIsNoRecovery) {
  Record record = gave_up(life("self serve", 2));
  EXPECT_EQ(rule_of(judge_giving_up(record, controls_)), "never-recovers");
  record.attempts[1].answered = 0;
  EXPECT_EQ(judge_giving_up(record, controls_), std::nullopt);
}

TEST_F(VnetRulesTest, AClientThatWantsMoreConnectionsMayGiveUpBefore) {
  controls_.healthy_lives = {life("serve", 2)};
  EXPECT_EQ(judge_giving_up(gave_up(life("self serve", 2)), controls_), std::nullopt);
  EXPECT_EQ(rule_of(judge_giving_up(gave_up(life("self serve", 3)), controls_)), "never-recovers");
}

TEST_F(VnetRulesTest, GivingUpEarlierThanAfterRefusalsIsNoRecovery) {
  EXPECT_EQ(rule_of(judge_giving_up(gave_up(life("self serve", 1)), controls_)), "never-recovers");
  EXPECT_EQ(judge_giving_up(gave_up(life("garbage:3 serve", 1)), controls_), std::nullopt);
  EXPECT_EQ(judge_giving_up(gave_up(life("self*16 serve", 16)), controls_), std::nullopt);
  controls_.refused_life = gave_up(life("refuse*16 serve", 1));
  EXPECT_EQ(judge_giving_up(gave_up(life("self serve", 1)), controls_), std::nullopt);
}

TEST_F(VnetRulesTest, GivingUpAfterALongTimeIsARight) {
  Record record = gave_up(life("drop serve", 1));
  record.ended_at = std::chrono::minutes(5);
  EXPECT_EQ(judge_giving_up(record, controls_), std::nullopt);
}

// hangs

TEST_F(VnetRulesTest, StandingStillWithNobodyThereIsAHang) {
  for (const char* schedule :
       {"refuse serve", "self serve", "exhausted serve", "close serve", "reset serve", "half-close serve"}) {
    EXPECT_EQ(rule_of(judge_hang(stopped(life(schedule, 1), Stop::kStandstill), controls_)), "hangs")
        << schedule;
  }
  EXPECT_EQ(judge_hang(life("self serve", 2), controls_), std::nullopt);
}

TEST_F(VnetRulesTest, StandingStillWithTheAnswerInHandIsAHang) {
  EXPECT_EQ(rule_of(judge_hang(stopped(life("reset serve", 2), Stop::kStandstill), controls_)), "hangs");
  controls_.healthy_lives = {stopped(life("serve", 1), Stop::kStandstill)};
  EXPECT_EQ(judge_hang(stopped(life("reset serve", 2), Stop::kStandstill), controls_), std::nullopt);
}

TEST_F(VnetRulesTest, StandingStillBeforeTheFirstAttemptIsAHang) {
  EXPECT_EQ(rule_of(judge_hang(stopped(life("serve", 0), Stop::kStandstill), controls_)), "hangs");
}

TEST_F(VnetRulesTest, AClientThatHasAnotherConnectionMayBeContent) {
  Record record = stopped(life("serve reset serve", 2), Stop::kStandstill);
  EXPECT_EQ(rule_of(judge_hang(record, controls_)), "hangs");
  record.attempts[0].held = true;
  EXPECT_EQ(judge_hang(record, controls_), std::nullopt);
}

TEST_F(VnetRulesTest, WaitingIsAHangWhereTheEventAloneIsNone) {
  Record record = life("half-close garbage:1 serve", 3);
  record.attempts[1].pulled = true;
  record.waits = {{.at = std::chrono::seconds(1), .on = {1}}};
  EXPECT_EQ(rule_of(judge_waits(record, controls_)), "hangs");
  EXPECT_EQ(controls_.asked, std::vector<std::string>{"garbage:1"});
  controls_.goes_on = false;
  EXPECT_EQ(judge_waits(record, controls_), std::nullopt);
}

// desynchronised

TEST_F(VnetRulesTest, LeftOverBytesAreADesynchronisedStart) {
  Record record = life("self serve", 2);
  record.attempts[0].sent = "PING\n";
  record.attempts[1].sent = "NG\nPING\n";
  EXPECT_EQ(rule_of(judge_first_bytes(record, controls_)), "desynchronised");
  record.attempts[1].sent = "PIN";
  EXPECT_EQ(judge_first_bytes(record, controls_), std::nullopt);
}

TEST_F(VnetRulesTest, AnotherStartIsDesynchronised) {
  Record record = life("self serve", 2);
  record.attempts[1].sent = "GET key\n";
  EXPECT_EQ(rule_of(judge_first_bytes(record, controls_)), "desynchronised");
}

TEST_F(VnetRulesTest, AnotherStartMayGoOnBehindARequestThatWasTaken) {
  Record record = life("silent serve", 2);
  record.attempts[0].sent = "PING\n";
  record.attempts[1].sent = "GET key\n";
  EXPECT_EQ(judge_first_bytes(record, controls_), std::nullopt);
}

TEST_F(VnetRulesTest, CountersAndNoncesAreNoDesynchronisedStart) {
  Record record = life("self serve", 2);
  record.attempts[1].sent = "PING7\n";
  EXPECT_EQ(judge_first_bytes(record, controls_), std::nullopt);
  controls_.healthy_lives[1].attempts[0].sent = "xyz";
  record.attempts[1].sent = "abc";
  EXPECT_EQ(judge_first_bytes(record, controls_), std::nullopt);
}

// Which are judged.

TEST_F(VnetRulesTest, ARuleThatIsOffFindsNothing) {
  FuzzTarget target{.run = [](const Server&) { return Ending::kSuccess; }};
  EXPECT_EQ(rule_of(judge_end(life("self serve", 1), target, controls_)), "echo-accepted");
  EXPECT_EQ(rule_of(judge_stop(stopped(life("self serve", 1), Stop::kStandstill), target, controls_)),
            "hangs");
  target.rules = {.hangs = false, .echo_accepted = false};
  EXPECT_EQ(judge_end(life("self serve", 1), target, controls_), std::nullopt);
  EXPECT_EQ(judge_stop(stopped(life("self serve", 1), Stop::kStandstill), target, controls_), std::nullopt);
}

}  // namespace
}  // namespace selfconnect::vnet
