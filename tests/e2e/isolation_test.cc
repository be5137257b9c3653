// Checks do not see each other, need no privilege, and leave the target who and where it was.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <sstream>

#include "checked.h"
#include "machine.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

using std::chrono::seconds;

TEST(IsolationTest, TwentyChecksSideBySideDoNotSeeEachOther) {
  SELFCONNECT_NEEDS("netns", why_no_world());
  const std::vector<std::pair<std::string, int>> targets = {
      {"echo_accepted", 1}, {"talks_to_itself", 0}, {"crashes", 1}, {"guarded", 0}, {"static", 0}};
  std::vector<Child> children;
  for (int i = 0; i < 20; ++i) {
    children.emplace_back(
        ChildSpec{.command = {selfconnect_path(), "check", "--json", "-", "--",
                              target_path(targets[i % targets.size()].first), "{host}", "{port}"}});
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    const auto& [name, status] = targets[i % targets.size()];
    EXPECT_EQ(children[i].wait(seconds(100)), status) << name << "\n" << children[i].err();
    const auto report = nlohmann::json::parse(children[i].out(), nullptr, false);
    ASSERT_TRUE(report.is_object()) << name;
    EXPECT_EQ(report.at("verdict"), status == 0 ? "pass" : "fail") << name << "\n" << report.dump(1);
    // Whoever saw another's server or packets would count connections that are not its own.
    for (const auto& phase : report.at("phases")) {
      const bool served =
          phase.at("name") != "refused" && phase.at("name") != "self-connect" && phase.at("name") != "bind";
      if (!served) {
        EXPECT_EQ(phase.at("accepted"), 0) << name << "\n" << phase;
      }
      if (phase.at("forced")) {
        EXPECT_EQ(phase.at("first_self_connect_attempt"), 1) << name << "\n" << phase;
      }
    }
  }
}

// The command and the targets where any user may read them.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    chmod(directory_.path().c_str(), 0777);
    command_ = add(selfconnect_path());
  }
  std::string add(const std::string& program) {
    const auto copy = directory_.path() / std::filesystem::path(program).filename();
    std::filesystem::copy_file(program, copy, std::filesystem::copy_options::overwrite_existing);
    chmod(copy.c_str(), 0755);
    return copy.string();
  }
  Called run(Arguments arguments) {
    arguments.insert(arguments.begin(), command_);
    Child child({.command = arguments,
                 .environment = {{"HOME", directory_.path().string()}},
                 .directory = directory_.path().string(),
                 .prepare = become_nobody});
    const auto status = child.wait(seconds(60));
    return {.status = status.value_or(-1), .out = child.out(), .err = child.err()};
  }
  [[nodiscard]] const TempDir& directory() const { return directory_; }

 private:
  TempDir directory_;
  std::string command_;
};

class OrdinaryUserTest : public ::testing::TestWithParam<std::string> {};

TEST_P(OrdinaryUserTest, GetsTheVerdictThatRootGets) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  OrdinaryUser user;
  const std::string target = user.add(target_path(GetParam()));
  const Checked root = check({"--", target, "{host}", "{port}"});
  Checked ordinary{.called = user.run({"check", "--json", "-", "--", target, "{host}", "{port}"}),
                   .report = nullptr};
  ordinary.report = nlohmann::json::parse(ordinary.called.out, nullptr, false);
  ASSERT_TRUE(ordinary.report.is_object()) << ordinary;
  ASSERT_TRUE(root.report.is_object()) << root;
  EXPECT_EQ(ordinary.report.at("world").at("isolation"), "userns+netns");
  EXPECT_EQ(ordinary.called.status, root.called.status) << ordinary;
  EXPECT_EQ(ordinary.verdict(), root.verdict());
  EXPECT_EQ(ordinary.found("error"), root.found("error")) << ordinary;
  EXPECT_EQ(ordinary.found("warning"), root.found("warning")) << ordinary;
  EXPECT_EQ(ordinary.report.at("rules"), root.report.at("rules"));
}

INSTANTIATE_TEST_SUITE_P(Targets, OrdinaryUserTest,
                         ::testing::Values("echo_accepted", "guarded", "leaves_time_wait", "bind_zero",
                                           "leaves_children"),
                         [](const auto& one) { return one.param; });

// What a process is: the lines of this script, by their first word.
constexpr const char* kWhoAmI =
    "echo uid $(id -u); echo gid $(id -g); echo directory $(pwd -P); echo umask $(umask); "
    "echo open_files $(ulimit -Sn) $(ulimit -Hn); "
    "env | grep -v '^_=' | sort | sed 's/^/environment_/; s/=/ /'; "
    "grep -E '^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Cap[A-Za-z]*):' /proc/self/status | sed 's/:/ /'; ";

std::map<std::string, std::string> words_of(const std::string& text) {
  std::map<std::string, std::string> words;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const auto space = line.find_first_of(" \t");
    words[line.substr(0, space)] = space == std::string::npos ? "" : line.substr(space + 1);
  }
  return words;
}

class TargetIdentityTest : public ::testing::TestWithParam<std::string> {};

TEST_P(TargetIdentityTest, StaysWhoAndWhereItWas) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  const bool nobody = GetParam() == "Nobody";
  OrdinaryUser user;
  const std::string target = user.add(target_path("talks_to_itself"));
  const std::string out = user.directory().file("out");
  const auto run = [&](Arguments command) {
    Child child({.command = std::move(command),
                 .environment = {{"SELFCONNECT_TEST", "a b=c"}},
                 .directory = user.directory().path().string(),
                 .prepare = [nobody] {
                   umask(027);
                   if (nobody) become_nobody();
                 }});
    child.wait(seconds(60));
    return child.out() + child.err();
  };
  const auto native = words_of(run({"sh", "-c", kWhoAmI}));
  const std::string said = run({user.add(selfconnect_path()), "check", "--out", out, "--", "sh", "-c",
                                kWhoAmI + ("exec " + target) + " 127.0.0.1 50000"});
  const auto inside = words_of(read_file(out + "/01-refused/stdout"));
  ASSERT_TRUE(inside.contains("uid")) << said;
  ASSERT_TRUE(native.contains("CapEff"));

  for (const auto& [name, value] : native) {
    if (!name.starts_with("Cap")) {
      EXPECT_EQ(inside.contains(name) ? inside.at(name) : "missing", value) << name;
      continue;
    }
    const auto had = std::stoull(value, nullptr, 16);
    const auto has = std::stoull(inside.at(name), nullptr, 16);
    EXPECT_EQ(has & ~had, 0U) << name << " has grown from " << value << " to " << inside.at(name);
  }
  for (const auto& [name, value] : inside)
    if (name.starts_with("environment_")) {
      EXPECT_TRUE(native.contains(name)) << name << " is new: " << value;
    }
  EXPECT_EQ(inside.at("environment_SELFCONNECT_TEST"), "a b=c");
}

INSTANTIATE_TEST_SUITE_P(Users, TargetIdentityTest, ::testing::Values("Self", "Nobody"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace selfconnect::testing
