// Every reference target gets the verdict and the findings that its first lines promise, under IPv4 and under IPv6, with
// every engine.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "checked.h"
#include "expectation.h"
#include "machine.h"

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Case {
  std::string source;  // relative to targets/reference
  std::string family;  // "4" or "6"; empty: the target has an address of its own
  std::string engine;  // as for --engine
};

void PrintTo(const Case& test_case, std::ostream* stream) {
  *stream << test_case.source << " --family " << test_case.family << " --engine " << test_case.engine;
}

std::string read_source(const std::string& name) {
  return read_file(source_path("targets/reference") / name);
}

// Every source is a case, also one whose first lines are wrong: its test says so.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("targets/reference"))) {
    const auto& path = entry.path();
    if (path.extension() != ".cc" && path.extension() != ".c") continue;
    const std::string name = path.filename().string();
    const auto expected = parse_expectation(read_source(name));
    const bool own_address = expected && std::ranges::find(expected->run, "{host}") == expected->run.end();
    for (const std::string engine : {"range", "hook", "notify"}) {
      if (own_address) {
        all.push_back({name, "", engine});
      } else {
        all.push_back({name, "4", engine});
        all.push_back({name, "6", engine});
      }
    }
  }
  std::ranges::sort(all, {}, [](const Case& one) { return one.source + one.family + one.engine; });
  return all;
}

std::set<std::string> without(std::set<std::string> rules, const std::set<std::string>& left_out) {
  for (const std::string& rule : left_out) rules.erase(rule);
  return rules;
}

// What is true of any target's phases when the forcing works.
void expect_sane_phases(const Checked& checked) {
  const std::size_t destinations = checked.report.at("destinations").size();
  EXPECT_EQ(checked.phases("refused").size(), 1U);
  EXPECT_EQ(checked.phases("self-connect").size(), destinations);
  EXPECT_EQ(checked.phases("bind").size(), destinations);
  EXPECT_GE(checked.phases("healthy").size(), 1U);
  for (const auto& phase : checked.report.at("phases")) {
    SCOPED_TRACE(phase.dump(1));
    const std::string name = phase.at("name");
    const bool control = name == "refused" || name == "healthy" || name == "same-port";
    EXPECT_EQ(phase.at("control"), control);
    EXPECT_EQ(phase.at("packets_lost"), 0);
    // A target that has bound to loopback cannot reach the far end of that control.
    if (name == "same-port" && phase.at("accepted") == 0) {
      EXPECT_THAT(checked.report.at("rules").at("false-guard").get<std::string>(), StartsWith("not judged"));
      continue;
    }
    EXPECT_GE(phase.at("attempts"), 1);
    EXPECT_EQ(phase.at("attempts").get<int>(),
              phase.at("self_connects").get<int>() + phase.at("refused").get<int>() +
                  phase.at("accepted").get<int>() + phase.at("pending").get<int>());
    if (control) {
      EXPECT_EQ(phase.at("self_connects"), 0);
      EXPECT_TRUE(phase.at("first_self_connect_attempt").is_null());
      if (name == "refused") {
        EXPECT_EQ(phase.at("accepted"), 0);
      }
      if (name != "refused") {
        EXPECT_GE(phase.at("accepted"), 1);
      }
    } else {
      EXPECT_EQ(phase.at("forced"), true);
      EXPECT_GE(phase.at("self_connects"), 1);
      EXPECT_EQ(phase.at("first_self_connect_attempt"), 1);
      EXPECT_GT(phase.at("first_self_connect_ms"), 0);
    }
  }
}

class ReferenceTest : public ::testing::TestWithParam<Case> {
  void SetUp() override {
    SELFCONNECT_NEEDS("netns", why_no_world());
    if (GetParam().engine == "hook") {
      SELFCONNECT_NEEDS("bpf", why_no_hook());
    }
  }
};

TEST_P(ReferenceTest, IsJudgedAsItsFirstLinesSay) {
  const auto expected = parse_expectation(read_source(GetParam().source));
  ASSERT_TRUE(expected) << GetParam().source << ": " << expected.error().message;
  ASSERT_TRUE(std::filesystem::exists(target_path(expected->run.front()))) << "not built";

  Arguments arguments = expected->options;
  arguments.insert(arguments.end(), {"--engine", GetParam().engine});
  if (!GetParam().family.empty()) arguments.insert(arguments.end(), {"--family", GetParam().family});
  arguments.insert(arguments.end(), {"--", target_path(expected->run.front())});
  arguments.insert(arguments.end(), expected->run.begin() + 1, expected->run.end());
  const Checked checked = check(arguments);
  SCOPED_TRACE(::testing::PrintToString(checked));

  // A seccomp filter sees no connect() that goes through the ring: that is noticed, and no verdict made of it.
  if (GetParam().engine == "notify" && expected->run.front() == "io_uring") {
    EXPECT_EQ(checked.verdict(), "skip");
    EXPECT_EQ(checked.called.status, 77);
    EXPECT_THAT(checked.called.err, HasSubstr("dials past the engine notify"));
    return;
  }
  EXPECT_EQ(checked.verdict(), expected->verdict);
  EXPECT_EQ(checked.called.status, expected->verdict == "pass" ? 0 : 1);
  ASSERT_TRUE(checked.report.is_object());
  EXPECT_EQ(checked.report.at("world").at("engine"), GetParam().engine);
  EXPECT_EQ(checked.report.at("target").at("kind"), expected->kind);
  EXPECT_EQ(without(checked.found("error"), expected->may), expected->errors);
  EXPECT_EQ(without(checked.found("warning"), expected->may), expected->warnings);
  if (GetParam().family == "6") {
    EXPECT_THAT(checked.report.at("destinations").front().get<std::string>(), StartsWith("[::1]"));
  }
  expect_sane_phases(checked);
}

INSTANTIATE_TEST_SUITE_P(Targets, ReferenceTest, ::testing::ValuesIn(cases()), [](const auto& one) {
  const std::string name = std::filesystem::path(one.param.source).stem().string();
  return name + (one.param.family.empty() ? "" : "_ipv" + one.param.family) + "_" + one.param.engine;
});

}  // namespace
}  // namespace selfconnect::testing
