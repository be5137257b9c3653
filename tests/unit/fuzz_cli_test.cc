// The call of `selfconnect fuzz`, and where schedules are read from.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/campaign/small_file.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/fuzz_call.h"
#include "harness/cli/schedule_file.h"
#include "harness/trace/trace_json.h"

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

FuzzCall parse(const std::vector<std::string>& arguments) {
  auto parsed = parse_fuzz_call(arguments, 4);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value_or(FuzzCall{});
}

FuzzCall call(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--", "client", "{port}"});
  return parse(arguments);
}

std::string refusal(std::vector<std::string> arguments) {
  const auto parsed = parse_fuzz_call(arguments, 4);
  if (parsed) return "not refused";
  EXPECT_EQ(parsed.error().exit_code, kExitUsage);
  EXPECT_THAT(parsed.error().text, StartsWith("selfconnect fuzz: "));
  EXPECT_THAT(parsed.error().text, Not(HasSubstr("\n")));
  return parsed.error().text.substr(18);
}

TEST(FuzzCallTest, HasTheDocumentedDefaults) {
  const FuzzCall fuzz = call({});
  EXPECT_EQ(fuzz.directory.root, "selfconnect-fuzz");
  EXPECT_EQ(fuzz.directory.corpus, "selfconnect-fuzz/corpus");
  EXPECT_EQ(fuzz.workers, 8U);
  EXPECT_EQ(fuzz.most_events, 64U);
  EXPECT_EQ(fuzz.duration, std::nullopt);
  EXPECT_EQ(fuzz.runs, std::nullopt);
  EXPECT_FALSE(fuzz.until_finding);
  EXPECT_EQ(fuzz.worlds, ScheduleRunner::Worlds::kRecycled);
  EXPECT_THAT(fuzz.options.command, ElementsAre("client", "{port}"));
}

TEST(FuzzCallTest, ReadsEveryOption) {
  const FuzzCall fuzz = call({"--out",
                              "o",
                              "--corpus",
                              "c",
                              "--duration",
                              "90s",
                              "--runs",
                              "1000",
                              "--until-finding",
                              "--workers",
                              "3",
                              "--seed",
                              "9",
                              "--max-events",
                              "16",
                              "--fresh",
                              "--json",
                              "-",
                              "--timeout",
                              "2s",
                              "--fail-on",
                              "warning"});
  EXPECT_EQ(fuzz.directory.root, "o");
  EXPECT_EQ(fuzz.directory.corpus, "c");
  EXPECT_EQ(fuzz.directory.findings(), "o/findings");
  EXPECT_EQ(fuzz.duration, 90s);
  EXPECT_EQ(fuzz.runs, 1000U);
  EXPECT_TRUE(fuzz.until_finding);
  EXPECT_EQ(fuzz.workers, 3U);
  EXPECT_EQ(fuzz.seed, 9U);
  EXPECT_EQ(fuzz.most_events, 16U);
  EXPECT_EQ(fuzz.worlds, ScheduleRunner::Worlds::kFresh);
  EXPECT_EQ(fuzz.json, "-");
  EXPECT_EQ(fuzz.options.timeout, 2s);
  EXPECT_EQ(fuzz.options.judge.fail_on, FailOn::kWarning);
  EXPECT_TRUE(fuzz.options.out.empty()) << "the runs of a campaign are not saved";
}

TEST(FuzzCallTest, RefusesWhatMeansNothing) {
  EXPECT_THAT(refusal({"--out", "o"}),
              HasSubstr("no command: expected one after --, such as selfconnect fuzz -- "));
  EXPECT_THAT(refusal({"--runs", "0", "--", "c"}), StartsWith("--runs: "));
  EXPECT_THAT(refusal({"--workers", "0", "--", "c"}), StartsWith("--workers: "));
  EXPECT_THAT(refusal({"--workers", "257", "--", "c"}), HasSubstr("at most 256"));
  EXPECT_THAT(refusal({"--max-events", "100000", "--", "c"}), HasSubstr("at most 1024"));
  EXPECT_THAT(refusal({"--duration", "soon", "--", "c"}), StartsWith("--duration: "));
  EXPECT_THAT(refusal({"--corpus", "", "--", "c"}), StartsWith("--corpus: "));
  EXPECT_THAT(refusal({"--phases", "refused", "--", "c"}), HasSubstr("unknown option '--phases'"));
  EXPECT_THAT(refusal({"--run", "5", "--", "c"}), HasSubstr("did you mean --runs?"));
}

TEST(FuzzCallTest, TheReplayCommandKeepsWhatARunDependsOn) {
  const auto fuzz =
      parse({"--out", "o", "--seed=7", "--until-finding", "--server", "redis-server --port {port}", "--fresh",
             "--timeout=2s", "--", "client", "--out", "{port}"});
  EXPECT_THAT(
      command_to_replay(fuzz, "o/findings/hangs-self-1"),
      ElementsAre("selfconnect", "replay", "o/findings/hangs-self-1", "--server",
                  "redis-server --port {port}", "--timeout", "2s", "--", "client", "--out", "{port}"));
}

TEST(FuzzCallTest, TheReplayCommandHasNoSecrets) {
  EXPECT_THAT(command_to_replay(parse({"--secret", "hunter2", "--", "client", "--password=hunter2"}), "d"),
              Not(Contains(HasSubstr("hunter2"))));
}

TEST(FuzzCallTest, AValueMayLookLikeAnOption) {
  const std::vector<std::string> arguments = {"--success", "--seed", "--stdin", "--out", "--", "c"};
  const auto fuzz = parse(arguments);
  EXPECT_EQ(fuzz.seed, std::nullopt);
  EXPECT_THAT(command_to_replay(fuzz, "d"),
              ElementsAre("selfconnect", "replay", "d", "--success=--seed", "--stdin=--out", "--", "c"));
  EXPECT_THAT(with_seed(fuzz, arguments, 5),
              ElementsAre("--seed", "5", "--success", "--seed", "--stdin", "--out", "--", "c"));
}

TEST(FuzzCallTest, WorkersAreGivenTheSeedThatWasDrawn) {
  const auto seeded = [](const std::vector<std::string>& arguments) {
    return with_seed(parse(arguments), arguments, 5);
  };
  EXPECT_THAT(seeded({"--fresh", "--", "c"}), ElementsAre("--seed", "5", "--fresh", "--", "c"));
  EXPECT_THAT(seeded({"--seed=4", "--", "c"}), ElementsAre("--seed=4", "--", "c"));
  EXPECT_THAT(seeded({"--", "c", "--seed", "1"}), ElementsAre("--seed", "5", "--", "c", "--seed", "1"))
      << "the command's own options are not ours";
}

class ScheduleFileTest : public ::testing::Test {
 protected:
  ScheduleFileTest() {
    std::string name = ::testing::TempDir() + "selfconnect-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~ScheduleFileTest() override { std::filesystem::remove_all(directory_); }

  std::string failure(const std::filesystem::path& path) {
    const auto loaded = load_schedule(path);
    return loaded ? "loaded" : loaded.error().message;
  }

  std::filesystem::path directory_;
};

TEST_F(ScheduleFileTest, ReadsAFileAndAFindingAndASavedRun) {
  ASSERT_TRUE(write_small_file(directory_ / "schedule", "# why\nself\n  serve\n"));
  const auto file = load_schedule(directory_ / "schedule");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(print(*file), "self serve");
  EXPECT_EQ(load_schedule(directory_), file);
}

TEST_F(ScheduleFileTest, SaysWhereAFileIsNoSchedule) {
  ASSERT_TRUE(write_small_file(directory_ / "order", "self bogus serve"));
  EXPECT_THAT(failure(directory_ / "order"), AllOf(HasSubstr("order: at 6: expected"), HasSubstr("bogus")));
  EXPECT_THAT(failure(directory_ / "none"), HasSubstr("none): No such file"));
  EXPECT_THAT(failure(directory_), HasSubstr("neither a finding nor a saved run"));
}

TEST_F(ScheduleFileTest, RefusesARunUnderNoSchedule) {
  selfconnect::Run run;
  run.traces.emplace_back();
  ASSERT_TRUE(save(run, directory_));
  EXPECT_THAT(failure(directory_), HasSubstr("was under no schedule"));
}

}  // namespace
}  // namespace selfconnect
