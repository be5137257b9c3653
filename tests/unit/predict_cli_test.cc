// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/cli/exit_code.h"
#include "harness/cli/predict_call.h"
#include "harness/cli/prediction_json.h"
#include "harness/cli/prediction_text.h"

namespace selfconnect {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

Parsed<PredictCall> parse(const Arguments& arguments) {
  return parse_predict_call(arguments, PolicyKind::kLinux5_18);
}

PredictCall call(const Arguments& arguments) {
  auto parsed = parse(arguments);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value_or(PredictCall());
}

// The usage line of a call that must be refused.
std::string refusal(const Arguments& arguments) {
  const auto parsed = parse(arguments);
  if (parsed) return "not refused";
  EXPECT_EQ(parsed.error().exit_code, kExitUsage);
  EXPECT_THAT(parsed.error().text, StartsWith("selfconnect predict: "));
  EXPECT_THAT(parsed.error().text, Not(HasSubstr("\n")));
  return parsed.error().text.substr(21);
}

PredictedPort predicted(const Arguments& arguments) {
  const PredictCall asked = call(arguments);
  return {asked.question, std::nullopt, predict(asked.question)};
}

std::string text_of(const Arguments& arguments) {
  const PredictCall asked = call(arguments);
  return prediction_text(predicted(arguments), asked.reserved, asked.pace);
}

TEST(PredictCallTest, TakesTheKernelsDefaultsUnlessToldOtherwise) {
  const PredictionQuestion question = call({"--port", "50000"}).question;
  EXPECT_EQ(question.model, PolicyKind::kLinux5_18);
  EXPECT_EQ(question.layout, PortLayout{});
  EXPECT_EQ(question.port, 50000);
  EXPECT_EQ(question.attempts_per_second, 0);
  EXPECT_THAT(question.until, ElementsAre(0.5, 0.99));
  EXPECT_EQ(call({"--port", "50000", "--kernel", "freebsd"}).question.layout.low, 10000);
}

TEST(PredictCallTest, TakesEveryOption) {
  const PredictCall asked =
      call({"--port", "102", "--range", "100-109", "--reserved", "104,106-107", "--interval", "250ms",
            "--kernel", "linux-4.2", "--until", "10%,99.9%", "--json", "-"});
  EXPECT_EQ(asked.question.model, PolicyKind::kLinux4_2);
  EXPECT_EQ(asked.question.layout, (PortLayout{.low = 100, .high = 109, .reserved = {104, 106, 107}}));
  EXPECT_DOUBLE_EQ(asked.question.attempts_per_second, 4);
  EXPECT_THAT(asked.question.until, ElementsAre(0.1, ::testing::DoubleEq(0.999)));
  EXPECT_EQ(asked.pace, "every 250ms");
  EXPECT_EQ(asked.json, "-");
  EXPECT_EQ(call({"--port", "50000", "--rate", "0.5"}).question.attempts_per_second, 0.5);
  EXPECT_TRUE(call({"--this-host"}).this_host);
}

TEST(PredictCallTest, RefusesWhatMeansNothing) {
  EXPECT_THAT(refusal({}), StartsWith("no port: expected --port P, or --this-host"));
  EXPECT_THAT(refusal({"--port", "0"}), StartsWith("--port: '0' is not a port: expected 1 to 65535"));
  EXPECT_THAT(refusal({"--port", "65536"}), StartsWith("--port: '65536' is not a port: expected 1 to 65535"));
  const auto with = [](const std::string& option, const std::string& value) {
    return refusal({"--port", "50000", option, value});
  };
  EXPECT_THAT(with("--range", "60999-32768"),
              StartsWith("--range: the range 60999-32768 is the wrong way round: expected 32768-60999"));
  EXPECT_THAT(with("--range", "50000"), HasSubstr("expected LOW-HIGH"));
  EXPECT_THAT(with("--range", "0-50000"), HasSubstr("'0' is not a port: expected 1 to 65535"));
  EXPECT_THAT(with("--range", "1-65536"), HasSubstr("'65536' is not a port"));
  EXPECT_THAT(with("--reserved", "9-8"), HasSubstr("the range 9-8 is the wrong way round: expected 8-9"));
  EXPECT_THAT(with("--interval", "0s"), HasSubstr("out of range: expected more than 0"));
  EXPECT_THAT(with("--interval", "0"), HasSubstr("'0' is not a duration"));
  for (const char* text : {"0", "-1", "nan", "0.0000001", "1e9", "1000000001"}) {
    EXPECT_THAT(with("--rate", text),
                HasSubstr(std::string("'") + text +
                          "' is not a rate: expected attempts per second, 0.000001 to 1000000000, in plain "
                          "digits such as 10 or 0.5"));
  }
  EXPECT_THAT(
      with("--kernel", "linux-5"),
      StartsWith("--kernel: unknown kernel 'linux-5': expected one of linux-2.6, linux-4.2, linux-5.18, "
                 "freebsd, macos"));
  for (const char* text : {"", "50", "0%", "100%", "50%,", "x%"})
    EXPECT_THAT(with("--until", text), HasSubstr("is not a percentage")) << text;
  EXPECT_THAT(refusal({"--this-host", "--port", "5"}), HasSubstr("expected no --port"));
  EXPECT_THAT(refusal({"--this-host", "--range", "1-2"}), HasSubstr("expected no --range"));
  EXPECT_THAT(refusal({"--port", "5", "--rate", "1", "--interval", "1s"}),
              HasSubstr("expected one of the two"));
  EXPECT_THAT(refusal({"--prot", "5"}), HasSubstr("did you mean --port?"));
}

TEST(PredictCallTest, RefusesARangeOfNoPort) {
  EXPECT_THAT(refusal({"--port", "100", "--range", "100-101", "--reserved", "100-101"}),
              StartsWith("linux-5.18 has no port to hand out: expected one of the range 100-101 that is not "
                         "reserved"));
  EXPECT_THAT(refusal({"--port", "102", "--range", "100-102", "--reserved", "100-101"}),
              StartsWith("linux-5.18 has no port to hand out"));
}

TEST(PredictCallTest, RefusesAPortThatNeverComesUpAndSaysWhichWould) {
  EXPECT_THAT(
      refusal({"--port", "50001"}),
      StartsWith("port 50001 is odd: linux-5.18 hands out the 14,116 even ports of 32768-60999 first, so it "
                 "never comes up while one of them is free; port 50000 would, and so would 50001 with range "
                 "32767-60999 ("));
  EXPECT_THAT(refusal({"--port", "50000", "--range", "32769-61000"}), HasSubstr("port 49999 would"));
  EXPECT_THAT(
      refusal({"--port", "104", "--range", "100-104"}),
      StartsWith("port 104 is the last of 100-104, an odd number of ports: linux-5.18 only hands it out when "
                 "port 102 is reserved or in use; range 100-105 would"));
  EXPECT_THAT(refusal({"--port", "102", "--range", "100-102"}),
              StartsWith("port 102 is the last of 100-102, an odd number of ports: linux-5.18 never hands it "
                         "out; range 100-103 would"));
  EXPECT_THAT(refusal({"--port", "101", "--range", "100-101"}),
              HasSubstr("hands out the 1 even port of 100-101 first, so it never comes up while port 100 is "
                        "free"));
  EXPECT_THAT(refusal({"--port", "10000", "--kernel", "freebsd"}), HasSubstr("port 10001 would"));
  // What is said to do does it.
  for (const Arguments& would :
       std::vector<Arguments>{{"--port", "50001", "--range", "32767-60999"},
                              {"--port", "49999", "--range", "32769-61000"},
                              {"--port", "102", "--range", "100-103"},
                              {"--port", "104", "--range", "100-105"},
                              {"--port", "104", "--range", "100-104", "--reserved", "102"},
                              {"--port", "10001", "--kernel", "freebsd"}}) {
    EXPECT_EQ(predicted(would).prediction.chance, Chance::kPossible);
  }
}

TEST(PredictionTextTest, SaysHowSoonAndWhatHelps) {
  EXPECT_EQ(
      text_of({"--port", "50000", "--interval", "1s"}),
      "Port 50000: linux-5.18, ephemeral range 32768-60999, one client dialling every 1s\n"
      "  candidates       14,116 even ports\n"
      "  per attempt      1 in 14,116\n"
      "  expected after   14,111 attempts, 3 h 55 min\n"
      "  50% within       9,781 attempts, 2 h 43 min\n"
      "  99% within       64,984 attempts, 18 h 3 min\n"
      "  worked out by    closed form\n"
      "\n"
      "What keeps it from happening\n"
      "  reserve the port: never\n"
      "    sudo sysctl -w net.ipv4.ip_local_reserved_ports=50000\n"
      "  move the service to a port below 32768: never\n"
      "  move the service to an odd port, such as 50001: not while one of the 14,116 even ports is free\n");
}

TEST(PredictionTextTest, KeepsThePortsThatAreReservedAlready) {
  EXPECT_THAT(text_of({"--port", "50000", "--reserved", "40000,60000-60001"}),
              HasSubstr("ip_local_reserved_ports=40000,50000,60000-60001\n"));
}

TEST(PredictionTextTest, SaysThatItNeverHappens) {
  EXPECT_THAT(text_of({"--port", "6379"}), EndsWith("never: outside the ephemeral range 32768-60999\n"));
  EXPECT_THAT(text_of({"--port", "50000", "--reserved", "50000"}), EndsWith("never: the port is reserved\n"));
}

TEST(PredictionTextTest, GivesSmallNumbersWithATenth) {
  EXPECT_EQ(text_of({"--port", "50000", "--range", "50000-50003", "--interval", "1s", "--until", "50%"}),
            "Port 50000: linux-5.18, ephemeral range 50000-50003, one client dialling every 1s\n"
            "  candidates       2 even ports\n"
            "  per attempt      1 in 2\n"
            "  expected after   2 attempts, 2 s\n"
            "  50% within       1 attempt, 1 s\n"
            "  worked out by    recurrence over the attempts of ten seconds\n"
            "\n"
            "What keeps it from happening\n"
            "  reserve the port: never\n"
            "    sudo sysctl -w net.ipv4.ip_local_reserved_ports=50000\n"
            "  move the service to a port below 50000: never\n"
            "  move the service to an odd port, such as 50001: not while one of the 2 even ports is free\n");
  const auto with_starts = [](const char* reserved) {
    return text_of({"--port", "50008", "--range", "50000-50019", "--reserved", reserved});
  };
  EXPECT_THAT(with_starts("50000,50002,50004,50006,50010,50012,50014,50018"), HasSubstr("1 in 1.7\n"));
  EXPECT_THAT(with_starts("50000,50002,50004,50006,50010,50012,50014,50016,50018"), HasSubstr("certain\n"));
  PredictedPort nearly{.question = call({"--port", "50000"}).question, .listener = {}, .prediction = {}};
  nearly.prediction.per_attempt = 0.97;
  nearly.prediction.expected_attempts = 9.97;
  EXPECT_THAT(prediction_text(nearly, {}, ""), HasSubstr("per attempt      nearly certain\n"));
  EXPECT_THAT(prediction_text(nearly, {}, ""), HasSubstr("expected after   10 attempts\n"));
}

TEST(PredictCallTest, TheHelpSaysWhatPaceIsTakenWhereNoneIsGiven) {
  const auto help = parse({"--help"});
  ASSERT_FALSE(help);
  EXPECT_THAT(help.error().text, HasSubstr("on linux-5.18 their number depends on it [ten seconds or more]"));
}

TEST(PredictionTextTest, SaysThatAttemptsDependOnThePaceWhereTheyDo) {
  EXPECT_THAT(
      text_of({"--port", "50000"}),
      HasSubstr("  Attempts are taken to be ten seconds or more apart: their number depends on the pace, "
                "too.\n  For another pace, and for times, give --interval or --rate.\n"));
  EXPECT_THAT(text_of({"--port", "50000", "--kernel", "linux-4.2"}), Not(HasSubstr("ten seconds")));
  EXPECT_THAT(text_of({"--port", "50000", "--interval", "1s"}), Not(HasSubstr("ten seconds")));
}

TEST(PredictionTextTest, SaysThatAWalkMayNeverComeBy) {
  const Arguments asked = {"--port",     "50000", "--range",  "50000-50004",
                           "--reserved", "50002", "--kernel", "linux-4.2"};
  EXPECT_THAT(text_of(asked), HasSubstr("  per attempt      once, if at all\n"
                                        "  expected after   may never\n"
                                        "  50% within       1 attempt\n"
                                        "  99% within       may never\n"));
  EXPECT_THAT(text_of(asked),
              HasSubstr("  From some places where its walk may start, linux-4.2 never comes to "
                        "this port.\n"));
  const PredictedPort port = predicted(asked);
  const auto json =
      nlohmann::json::parse(prediction_json(std::span(&port, 1), port.question, {}))["ports"][0];
  EXPECT_EQ(json["possible"], true);
  EXPECT_TRUE(json["expected_attempts"].is_null());
  EXPECT_EQ(json["until"][0]["attempts"], 1);
  EXPECT_TRUE(json["until"][1]["attempts"].is_null());
}

TEST(PredictionTextTest, NamesTheOnlyPortThatIsInTheWay) {
  EXPECT_THAT(text_of({"--port", "50000", "--range", "50000-50001"}),
              HasSubstr("such as 50001: not while port 50000 is free\n"));
}

TEST(PredictionTextTest, HasNoParityAndNoSysctlForOtherSystems) {
  const std::string text = text_of({"--port", "50000", "--kernel", "macos"});
  EXPECT_THAT(text, HasSubstr("candidates       16,384 ports\n"));
  EXPECT_THAT(text, Not(HasSubstr("sysctl")));
  EXPECT_THAT(text, HasSubstr("For times give --interval or --rate.\n"));
}

std::vector<PredictedPort> three_listeners(PredictionQuestion& common) {
  std::vector<PredictedPort> ports;
  for (const char* listener : {"127.0.0.1:50001", "0.0.0.0:50002", "[::]:40000"}) {
    common.port = Endpoint::parse(listener)->port;
    ports.push_back({common, *Endpoint::parse(listener), predict(common)});
  }
  sort_by_risk(ports);
  return ports;
}

TEST(PredictionTableTest, IsSortedByRisk) {
  PredictionQuestion common;
  const auto ports = three_listeners(common);
  EXPECT_EQ(prediction_table(ports, common, {}, ""),
            "This machine: linux-5.18, ephemeral range 32768-60999\n"
            "\n"
            "  listens on       per attempt   first self-connect\n"
            "  [::]:40000       1 in 14,116   14,116 attempts; 50%: 9,785 attempts; 99%: 65,005 attempts\n"
            "  0.0.0.0:50002    1 in 14,116   14,116 attempts; 50%: 9,785 attempts; 99%: 65,005 attempts\n"
            "  127.0.0.1:50001  -             not while one of the 14,116 even ports is free\n"
            "\n"
            "While a service is down, a client that keeps dialling its port may connect to itself.\n"
            "Attempts are taken to be ten seconds or more apart: their number depends on the pace, too.\n"
            "For another pace, and for times, give --interval or --rate.\n"
            "To have these ports never handed out:\n"
            "  sudo sysctl -w net.ipv4.ip_local_reserved_ports=40000,50002\n");
}

TEST(PredictionTableTest, SaysThatNoneIsAtRisk) {
  EXPECT_THAT(prediction_table({}, PredictionQuestion(), {}, ""), HasSubstr("none is at risk"));
}

TEST(PredictionJsonTest, HasEveryKeyAndNullWhereNothingIsKnown) {
  PredictionQuestion common;
  const auto json = nlohmann::json::parse(prediction_json(three_listeners(common), common, {}));
  EXPECT_EQ(json["schema"], "selfconnect.predict/1");
  EXPECT_EQ(json["kernel"], "linux-5.18");
  EXPECT_EQ(json["range"], nlohmann::json::parse("[32768, 60999]"));
  EXPECT_TRUE(json["attempts_per_second"].is_null());
  ASSERT_EQ(json["ports"].size(), 3U);
  const auto& first = json["ports"][0];
  EXPECT_EQ(first["port"], 40000);
  EXPECT_EQ(first["listener"], "[::]:40000");
  EXPECT_EQ(first["candidates"], 14116);
  EXPECT_EQ(first["method"], "closed-form");
  EXPECT_EQ(first["until"][0]["attempts"], 9785);
  EXPECT_TRUE(first["expected_s"].is_null());
  EXPECT_EQ(first["mitigations"][0]["effect"], "never");
  const auto& last = json["ports"][2];
  EXPECT_EQ(last["possible"], false);
  EXPECT_EQ(last["reason"], "other-parity");
  EXPECT_TRUE(last["expected_attempts"].is_null());
}

}  // namespace
}  // namespace selfconnect
