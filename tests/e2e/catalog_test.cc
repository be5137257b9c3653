// Every real client of the catalog gets the verdict and the findings that its table [expect] promises.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "checked.h"
#include "expectation.h"
#include "harness/launch/target_file.h"
#include "machine.h"

namespace selfconnect::testing {
namespace {

std::vector<std::string> files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_path("targets/catalog"))) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// The programs that a command line needs: the first word, and behind `sh -c` the one that the script execs.
std::vector<std::string> programs(const CommandLine& command) {
  if (command.empty()) return {};
  if (command.front() != "sh" || command.size() < 3) return {command.front()};
  const auto at = command[2].rfind("exec ");
  if (at == std::string::npos) return {"sh"};
  const auto start = at + std::string_view("exec ").size();
  return {"sh", command[2].substr(start, command[2].find(' ', start) - start)};
}

class CatalogTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CatalogTest, IsJudgedAsItsTableSays) {
  const auto path = source_path("targets/catalog") / GetParam();
  const auto file = load_target_file(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->expect) << "no table [expect]";
  const TargetExpectation& expected = *file->expect;
  for (const std::string& rule : expected.errors) EXPECT_TRUE(is_rule_of_level(rule, "error")) << rule;
  for (const std::string& rule : expected.warnings) EXPECT_TRUE(is_rule_of_level(rule, "warning")) << rule;
  SELFCONNECT_NEEDS("netns", why_no_world());
  for (const CommandLine& command : {file->command, file->server}) {
    for (const std::string& program : programs(command)) {
      SELFCONNECT_NEEDS(program, why_no_command(program));
    }
  }

  const Checked checked = check({"--target", path.string()});
  SCOPED_TRACE(::testing::PrintToString(checked));
  EXPECT_EQ(checked.verdict(), expected.verdict);
  EXPECT_EQ(checked.called.status, expected.verdict == "pass" ? 0 : 1);
  const auto required = [&](const std::vector<std::string>& rules) {
    return std::set<std::string>(rules.begin(), rules.end());
  };
  const auto found = [&](const char* level) {
    std::set<std::string> rules = checked.found(level);
    for (const std::string& rule : expected.may) rules.erase(rule);
    return rules;
  };
  EXPECT_EQ(found("error"), required(expected.errors));
  EXPECT_EQ(found("warning"), required(expected.warnings));
  for (const auto& phase : checked.phases("self-connect"))
    EXPECT_EQ(phase.at("first_self_connect_attempt"), 1) << phase;
  for (const auto& phase : checked.phases("healthy")) EXPECT_GE(phase.at("accepted"), 1) << phase;
}

INSTANTIATE_TEST_SUITE_P(Clients, CatalogTest, ::testing::ValuesIn(files()), [](const auto& one) {
  std::string name = std::filesystem::path(one.param).stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace selfconnect::testing
