// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "harness/cli/check_call.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/nearest.h"
#include "harness/cli/option_values.h"

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::array<Reporter, 2> kReporters = {{{"json", "JSON", nullptr}, {"junit", "JUnit", nullptr}}};

Parsed<CheckCall> parse(std::vector<std::string> arguments) {
  return parse_check_call(arguments, kReporters);
}

CheckCall call(std::vector<std::string> arguments) {
  auto parsed = parse(std::move(arguments));
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value_or(CheckCall{});
}

CheckOptions options(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--", "client"});
  return call(std::move(arguments)).options;
}

// The usage line of a call that must be refused, which is always one line and of the usage exit code.
std::string refusal(std::vector<std::string> arguments) {
  const auto parsed = parse(std::move(arguments));
  if (parsed) return "not refused";
  EXPECT_EQ(parsed.error().exit_code, kExitUsage);
  EXPECT_THAT(parsed.error().text, StartsWith("selfconnect check: "));
  EXPECT_THAT(parsed.error().text, Not(HasSubstr("\n")));
  return parsed.error().text.substr(19);
}

// A target file that goes away with the test.
class TargetFileOnDisk {
 public:
  explicit TargetFileOnDisk(std::string_view text) : path_(testing::TempDir() + "cli_options_test_XXXXXX") {
    close(mkstemp(path_.data()));
    std::ofstream(path_) << text;
  }
  ~TargetFileOnDisk() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(CheckCallTest, TakesTheCommandAsItIs) {
  EXPECT_THAT(call({"--", "redis-cli", "-p", "50000", "--", "--json", "PING"}).options.command,
              ElementsAre("redis-cli", "-p", "50000", "--", "--json", "PING"));
}

TEST(CheckCallTest, HasTheDocumentedDefaults) {
  const CheckCall plain = call({"--", "client"});
  EXPECT_EQ(plain.seed, std::nullopt);
  EXPECT_THAT(plain.reports, IsEmpty());
  EXPECT_EQ(plain.options.port, std::nullopt);
  EXPECT_EQ(plain.options.host, std::nullopt);
  EXPECT_EQ(plain.options.family, FamilyChoice::kIpv4);
  EXPECT_EQ(plain.options.engine, EngineChoice::kAuto);
  EXPECT_EQ(plain.options.timeout, 10s);
  EXPECT_EQ(plain.options.judge.fail_on, FailOn::kError);
  EXPECT_EQ(plain.options.phases.size(), 5U);
}

TEST(CheckCallTest, ReadsEveryOption) {
  const CheckCall full =
      call({"--port",   "6379",      "--host",   "::1",       "--family",      "6",         "--phases",
            "refused",  "--engine",  "range",    "--server",  "srv -p {port}", "--success", "PO.G",
            "--secret", "a b",       "--secret", "c",         "--timeout",     "500ms",     "--seed",
            "7",        "--fail-on", "warning",  "--require", "hangs",         "--require", "spins",
            "--json",   "-",         "--junit",  "x.xml",     "--out",         "dir",       "--stdin",
            "in",       "--",        "client"});
  const CheckOptions& got = full.options;
  EXPECT_EQ(got.port, 6379);
  EXPECT_EQ(got.host, Address::loopback(Family::kIpv6));
  EXPECT_EQ(got.family, FamilyChoice::kIpv6);
  EXPECT_THAT(got.phases, ElementsAre(Phase::kRefused));
  EXPECT_EQ(got.engine, EngineChoice::kRange);
  EXPECT_THAT(got.server, ElementsAre("srv", "-p", "{port}"));
  EXPECT_EQ(got.success_pattern, "PO.G");
  EXPECT_THAT(got.secrets, ElementsAre("a b", "c"));
  EXPECT_EQ(got.timeout, 500ms);
  EXPECT_EQ(full.seed, 7U);
  EXPECT_EQ(got.seed, 7U);
  EXPECT_EQ(got.judge.fail_on, FailOn::kWarning);
  EXPECT_THAT(got.judge.required, ElementsAre("hangs", "spins"));
  EXPECT_THAT(full.reports,
              ElementsAre(ReportRequest{&kReporters[0], "-"}, ReportRequest{&kReporters[1], "x.xml"}));
  EXPECT_EQ(got.out, "dir");
  EXPECT_EQ(got.stdin_file, "in");
}

TEST(CheckCallTest, TakesValuesAfterAnEqualsSign) {
  EXPECT_EQ(options({"--port=80"}).port, 80);
  EXPECT_THAT(options({"--secret=--x"}).secrets, ElementsAre("--x"));
  EXPECT_THAT(options({"--secret", "[a,b]"}).secrets, ElementsAre("[a,b]"));
}

TEST(CheckCallTest, PutsTheCommandLineBeforeTheTargetFile) {
  const TargetFileOnDisk file(
      "command = ['old']\nport = 1000\ntimeout = '1s'\nsuccess = 'old'\nsecrets = ['old']\n"
      "kind = 'reconnector'\nserver = 'old'\nhost = '127.0.0.2'\n[limits]\nopen_files = 9\n");
  const CheckOptions from_file = call({"--target", file.path()}).options;
  EXPECT_THAT(from_file.command, ElementsAre("old"));
  EXPECT_EQ(from_file.port, 1000);
  EXPECT_EQ(from_file.timeout, 1s);
  EXPECT_EQ(from_file.success_pattern, "old");
  EXPECT_THAT(from_file.secrets, ElementsAre("old"));
  EXPECT_EQ(from_file.kind, Kind::kReconnector);
  EXPECT_THAT(from_file.server, ElementsAre("old"));
  EXPECT_EQ(from_file.host, Address::v4({127, 0, 0, 2}));
  EXPECT_THAT(from_file.limits, ElementsAre(testing::Pair(int{RLIMIT_NOFILE}, 9U)));

  const CheckOptions merged = call({"--target", file.path(), "--port", "2000", "--timeout", "2s", "--success",
                                    "new", "--secret", "new", "--server", "new", "--", "new"})
                                  .options;
  EXPECT_THAT(merged.command, ElementsAre("new"));
  EXPECT_EQ(merged.port, 2000);
  EXPECT_EQ(merged.timeout, 2s);
  EXPECT_EQ(merged.success_pattern, "new");
  EXPECT_THAT(merged.secrets, ElementsAre("new"));
  EXPECT_THAT(merged.server, ElementsAre("new"));
  EXPECT_EQ(merged.kind, Kind::kReconnector);
}

TEST(CheckCallTest, PointsIntoAMalformedTargetFile) {
  const TargetFileOnDisk file("command = ['x']\nport = 70000\n");
  EXPECT_THAT(refusal({"--target", file.path()}), HasSubstr(file.path() + ":2:8: 70000 is out of range"));
  EXPECT_THAT(refusal({"--target", "/nonexistent.toml"}),
              StartsWith("open(/nonexistent.toml): No such file"));
}

TEST(CheckCallTest, RefusesACallWithoutACommand) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"--"}, {"--port", "80"}}) {
    EXPECT_THAT(refusal(arguments),
                StartsWith("no command: expected one after --, such as selfconnect check -- "));
  }
  EXPECT_THAT(refusal({"--", ""}), StartsWith("the command after -- is empty"));
}

TEST(CheckCallTest, SaysWhereTheCommandGoes) {
  EXPECT_THAT(refusal({"redis-cli", "PING"}),
              StartsWith("unexpected argument 'redis-cli': expected [options] -- CMD [ARG ...]"));
}

TEST(CheckCallTest, RefusesUnknownOptionsAndNamesTheNearest) {
  EXPECT_THAT(refusal({"--prot", "80", "--", "x"}),
              StartsWith("unknown option '--prot': did you mean --port?"));
  EXPECT_THAT(refusal({"--jsn=x", "--", "x"}), StartsWith("unknown option '--jsn=x': did you mean --json?"));
  EXPECT_THAT(refusal({"--frobnicate", "--", "x"}),
              StartsWith("unknown option '--frobnicate' (see selfconnect check --help)"));
  EXPECT_THAT(refusal({"-p", "80", "--", "x"}), StartsWith("unknown option '-p'"));
}

TEST(CheckCallTest, RefusesOptionsWithoutAValueOrWithTwo) {
  EXPECT_THAT(refusal({"--port", "--", "x"}), StartsWith("--port needs a value"));
  EXPECT_THAT(refusal({"--timeout", "--seed", "--", "x"}),
              StartsWith("--timeout: '--seed' is not a duration"));
  EXPECT_THAT(refusal({"--port", "1", "--port", "2", "--", "x"}), StartsWith("--port is given 2 times"));
}

TEST(CheckCallTest, RefusesValuesThatMeanNothing) {
  const auto with = [](const char* option, const char* value) { return refusal({option, value, "--", "x"}); };
  EXPECT_THAT(with("--port", "0"), StartsWith("--port: '0' is not a port: expected 1 to 65535"));
  EXPECT_THAT(with("--port", "70000"), StartsWith("--port: '70000' is not a port: expected 1 to 65535"));
  EXPECT_THAT(with("--port", "x"), StartsWith("--port: 'x' is not a port: expected 1 to 65535"));
  EXPECT_THAT(with("--host", "localhost"), StartsWith("--host: 'localhost' is not an IPv4 or IPv6 address"));
  EXPECT_THAT(with("--family", "5"), StartsWith("--family: unknown family '5': expected one of 4, 6, both"));
  EXPECT_THAT(with("--engine", "rnage"), StartsWith("--engine: unknown engine 'rnage'"));
  EXPECT_THAT(with("--engine", "magic"), HasSubstr("expected one of auto, range, hook, notify"));
  EXPECT_THAT(with("--server", "x 'y"), StartsWith("--server: the quote ' in column 3 is not closed"));
  EXPECT_THAT(with("--server", ""), StartsWith("--server: the command is empty"));
  EXPECT_THAT(with("--success", "("), StartsWith("--success: '(' is not a regular expression: "));
  EXPECT_THAT(with("--success", ""), StartsWith("--success: the regular expression is empty"));
  EXPECT_THAT(with("--secret", ""), StartsWith("--secret: the secret is empty"));
  EXPECT_THAT(with("--timeout", "soon"), StartsWith("--timeout: 'soon' is not a duration: expected"));
  EXPECT_THAT(with("--seed", "-1"), StartsWith("--seed: '-1' is not a seed"));
  EXPECT_THAT(with("--seed", "1.5"), StartsWith("--seed: '1.5' is not a seed"));
  EXPECT_THAT(with("--fail-on", "info"),
              StartsWith("--fail-on: unknown level 'info': expected one of error,"));
  EXPECT_THAT(with("--require", "hang"), StartsWith("--require: unknown rule 'hang': did you mean hangs?"));
  EXPECT_THAT(with("--require", "zzzzz"), StartsWith("--require: unknown rule 'zzzzz': `selfconnect rules`"));
  EXPECT_THAT(with("--json", ""), StartsWith("--json needs a file name"));
  EXPECT_THAT(with("--out", ""), StartsWith("--out: the name is empty"));
}

TEST(CheckCallTest, RefusesTwoReportsInOneFile) {
  EXPECT_THAT(refusal({"--json", "-", "--junit", "-", "--", "x"}),
              StartsWith("--json and --junit name the same file '-'"));
}

TEST(CheckCallTest, RefusesAFamilyThatIsNotTheHosts) {
  EXPECT_THAT(refusal({"--family", "6", "--host", "127.0.0.1", "--", "x"}),
              StartsWith("--family 6 does not go with host 127.0.0.1"));
  EXPECT_EQ(options({"--host", "::1"}).host, Address::loopback(Family::kIpv6));
}

TEST(CheckCallTest, GivesHelpWithAnExample) {
  const auto help = parse({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_code, kExitPass);
  for (const char* text :
       {"Usage: selfconnect check [options] -- CMD", "--port N", "--json FILE", "Example:"}) {
    EXPECT_THAT(help.error().text, HasSubstr(text));
  }
}

TEST(OptionValuesTest, PutsPhasesInTheOrderTheyAreRun) {
  EXPECT_EQ(parse_phases("healthy,refused,healthy"), (std::vector{Phase::kRefused, Phase::kHealthy}));
}

TEST(OptionValuesTest, RefusesUnknownPhasesAndNone) {
  EXPECT_EQ(parse_phases("selfconnect").error().message,
            "unknown phase 'selfconnect': did you mean self-connect?");
  EXPECT_EQ(parse_phases("refused,all").error().message,
            "unknown phase 'all': expected one of refused, self-connect, bind, recover, healthy");
  for (const char* nothing : {"", ",", ",,"}) {
    EXPECT_EQ(parse_phases(nothing).error().message,
              "no phase is selected: expected some of refused,self-connect,bind,recover,healthy");
  }
}

TEST(OptionValuesTest, ReadsTheWholeRangeOfSeeds) {
  EXPECT_EQ(parse_seed("18446744073709551615"), 18446744073709551615U);
  EXPECT_FALSE(parse_seed("18446744073709551616"));
}

TEST(NearestTest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words = {"check", "judge", "rules", "doctor"};
  EXPECT_EQ(nearest("chek", words), "check");
  EXPECT_EQ(nearest("dcotor", words), "doctor");
  EXPECT_EQ(nearest("fuzz", words), std::nullopt);
  EXPECT_EQ(nearest("", words), std::nullopt);
  EXPECT_EQ(nearest("5", std::vector<std::string>{"4", "6"}), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(ExitCodeTest, IsTheContracts) {
  EXPECT_EQ(exit_code(Verdict::kPass), 0);
  EXPECT_EQ(exit_code(Verdict::kFail), 1);
  EXPECT_EQ(exit_code(Verdict::kError), 2);
  EXPECT_EQ(exit_code(Verdict::kSkip), 77);
  EXPECT_EQ(kExitUsage, 64);
}

}  // namespace
}  // namespace selfconnect
