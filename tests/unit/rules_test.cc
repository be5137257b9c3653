// The list of rules, and that docs/rules.md explains each.
// SPDX-License-Identifier: MIT
#include <filesystem>
#include <fstream>
#include <set>
#include <source_location>
#include <sstream>

#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

std::string rules_page() {
  const std::filesystem::path here = std::source_location::current().file_name();
  std::ifstream file(here.parent_path() / "../../docs/rules.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(RulesTest, ListsErrorsBeforeWarningsAndEachOnce) {
  std::set<std::string_view> ids;
  bool warnings = false;
  for (const Rule& rule : all_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    warnings = warnings || rule.level == Level::kWarning;
    EXPECT_EQ(rule.level == Level::kWarning, warnings) << rule.id;
    EXPECT_EQ(find_rule(rule.id), &rule);
  }
  EXPECT_EQ(ids.size(), 15U);
  EXPECT_EQ(find_rule("no-such-rule"), nullptr);
}

TEST(RulesTest, ExplainsEachInSentences) {
  for (const Rule& rule : all_rules()) {
    EXPECT_FALSE(rule.summary.empty() || rule.summary.ends_with('.')) << rule.id;
    for (const std::string_view text : {rule.why, rule.decided, rule.remedy}) {
      EXPECT_TRUE(text.ends_with('.')) << rule.id << ": " << text;
    }
  }
}

TEST(RulesTest, HasASectionInTheReferencePerRuleWithItsLevelAndSummary) {
  const std::string page = rules_page();
  ASSERT_FALSE(page.empty());
  for (const Rule& rule : all_rules()) {
    const auto heading = page.find("\n## " + std::string(rule.id) + "\n");
    ASSERT_NE(heading, std::string::npos) << rule.id;
    const std::string section = page.substr(heading + 1, page.find("\n## ", heading + 1) - heading);
    EXPECT_NE(section.find("**" + std::string(level_name(rule.level)) + "**"), std::string::npos) << rule.id;
    EXPECT_NE(section.find(rule.summary), std::string::npos) << rule.id << ": " << rule.summary;
  }
}

}  // namespace
}  // namespace selfconnect
