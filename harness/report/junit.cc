// SPDX-License-Identifier: MIT
#include "harness/report/junit.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>
#include <vector>

#include "harness/report/finding_text.h"
#include "harness/report/readable.h"
#include "harness/report/run_facts.h"
#include "harness/report/schedule_text.h"

namespace selfconnect {

namespace {

constexpr std::size_t kBodyWidth = 100;

// XML 1.0 (2.2) has no way to hold most control characters, U+FFFE and U+FFFF, not even as references.
std::string xml_text(std::string_view text) {
  std::string clean;
  for (const char c : valid_utf8(text)) {
    const bool allowed = static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t';
    clean += allowed ? std::string(1, c) : escape_bytes({&c, 1});
  }
  for (const std::string_view forbidden : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    for (std::size_t at = clean.find(forbidden); at != std::string::npos; at = clean.find(forbidden, at)) {
      clean.replace(at, forbidden.size(), escape_bytes(forbidden));
    }
  }
  return clean;
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

std::string seconds(std::chrono::nanoseconds duration) {
  return fmt::format("{:.6f}", std::chrono::duration<double>(duration).count());
}

struct Tally {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
};

class Suite {
 public:
  Suite(pugi::xml_node node, const Run& run) : node_(node), run_(run) {}

  pugi::xml_node add_case(std::string_view name, std::chrono::nanoseconds time) {
    ++tally_.tests;
    pugi::xml_node test = node_.append_child("testcase");
    set(test, "classname", program_name(run_));
    set(test, "name", name);
    set(test, "time", seconds(time));
    return test;
  }
  void skip(pugi::xml_node test, std::string_view reason) {
    ++tally_.skipped;
    set(test.append_child("skipped"), "message", reason);
  }
  void error(pugi::xml_node test, std::string_view reason) {
    ++tally_.errors;
    pugi::xml_node error = test.append_child("error");
    set(error, "message", reason);
    set(error, "type", "selfconnect");
  }
  void findings(pugi::xml_node test, const Rule& rule, const Findings& findings, FailOn fail_on);
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  pugi::xml_node node_;
  const Run& run_;
  Tally tally_;
};

void Suite::findings(pugi::xml_node test, const Rule& rule, const Findings& findings, FailOn fail_on) {
  std::string message;
  std::string failed;
  std::string passed;
  for (const Finding& finding : findings) {
    const bool fails = reaches(finding, fail_on);
    if (fails && message.empty()) message = finding.message;
    std::string& body = fails ? failed : passed;
    body += finding_text(run_, finding, {.colour = false, .width = kBodyWidth}) + "\n";
  }
  if (!failed.empty()) {
    ++tally_.failures;
    pugi::xml_node failure = test.append_child("failure");
    set(failure, "message", message);
    set(failure, "type", rule.id);
    failure.text().set(xml_text(failed + fmt::format("{}\n", rule.remedy)).c_str());
  }
  if (!passed.empty()) test.append_child("system-out").text().set(xml_text(passed).c_str());
}

void add_rules(Suite& suite, const Judgement& judgement, FailOn fail_on) {
  for (const auto& [rule, outcome] : judgement.rules) {
    if (rule == nullptr) continue;
    pugi::xml_node test = suite.add_case(rule->id, {});
    if (const auto* not_judged = std::get_if<NotJudged>(&outcome)) suite.skip(test, not_judged->reason);
    if (const auto* found = std::get_if<Findings>(&outcome)) suite.findings(test, *rule, *found, fail_on);
  }
}

}  // namespace

std::string junit_report(const Run& run, const Judgement& judgement, FailOn fail_on) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  set(declaration, "version", "1.0");
  set(declaration, "encoding", "UTF-8");
  pugi::xml_node node = document.append_child("testsuite");
  set(node, "name", "selfconnect check");

  pugi::xml_node properties = node.append_child("properties");
  std::vector<std::pair<std::string_view, std::string>> facts = {
      {"command", shell_words(run.command)},
      {"seed", std::to_string(run.seed)},
      {"verdict", std::string(verdict_name(judgement.verdict))}};
  if (auto schedule = schedule_of(run)) facts.emplace_back("schedule", *std::move(schedule));
  for (const auto& [name, value] : facts) {
    pugi::xml_node property = properties.append_child("property");
    set(property, "name", name);
    set(property, "value", value);
  }

  Suite suite(node, run);
  if (judgement.verdict == Verdict::kError) {
    suite.error(suite.add_case("check", total_duration(run)), judgement.reason);
  } else if (judgement.rules.empty()) {
    suite.skip(suite.add_case("check", total_duration(run)), judgement.reason);
  } else {
    add_rules(suite, judgement, fail_on);
  }
  set(node, "tests", std::to_string(suite.tally().tests));
  set(node, "failures", std::to_string(suite.tally().failures));
  set(node, "errors", std::to_string(suite.tally().errors));
  set(node, "skipped", std::to_string(suite.tally().skipped));
  set(node, "time", seconds(total_duration(run)));

  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent, pugi::encoding_utf8);
  return text.str();
}

}  // namespace selfconnect
