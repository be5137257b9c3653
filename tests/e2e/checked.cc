// SPDX-License-Identifier: MIT
#include "checked.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace selfconnect::testing {

namespace {

constexpr auto kLongest = std::chrono::seconds(100);

}  // namespace

std::string selfconnect_path() { return SELFCONNECT_COMMAND; }
std::string target_path(const std::string& name) { return std::string(SELFCONNECT_TARGETS "/") + name; }
std::filesystem::path source_path(const char* relative) {
  return std::filesystem::path(SELFCONNECT_SOURCE) / relative;
}

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "selfconnect-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ec;
  std::filesystem::remove_all(path_, ec);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  ASSERT_TRUE(stream.flush()) << path;
}

std::ostream& operator<<(std::ostream& stream, const Called& called) {
  return stream << "exit status " << called.status << "\n" << called.out << called.err;
}

Called call(const Arguments& arguments, ChildSpec spec) {
  spec.command.push_back(selfconnect_path());
  spec.command.insert(spec.command.end(), arguments.begin(), arguments.end());
  Child child(spec);
  const auto status = child.wait(kLongest);
  if (!status) ADD_FAILURE() << "still running: selfconnect " << ::testing::PrintToString(arguments);
  return {.status = status.value_or(-1), .out = child.out(), .err = child.err()};
}

std::string Checked::verdict() const { return report.is_object() ? report.value("verdict", "") : ""; }

std::set<std::string> Checked::found(const std::string& level) const {
  std::set<std::string> rules;
  for (const auto& finding : report.is_object() ? report.at("findings") : nlohmann::json::array()) {
    if (finding.at("level") == level && finding.at("counted")) rules.insert(finding.at("rule"));
  }
  return rules;
}

std::vector<nlohmann::json> Checked::phases(const std::string& name) const {
  std::vector<nlohmann::json> phases;
  for (const auto& phase : report.is_object() ? report.at("phases") : nlohmann::json::array()) {
    if (phase.at("name") == name) phases.push_back(phase);
  }
  return phases;
}

std::ostream& operator<<(std::ostream& stream, const Checked& checked) { return stream << checked.called; }

Checked check(const Arguments& arguments, ChildSpec spec) {
  Arguments all = {"check", "--json", "-"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Checked checked{.called = call(all, std::move(spec)), .report = nullptr};
  if (!checked.called.out.empty()) {
    checked.report = nlohmann::json::parse(checked.called.out, nullptr, false);
    EXPECT_FALSE(checked.report.is_discarded()) << checked.called.out;
  }
  return checked;
}

}  // namespace selfconnect::testing
