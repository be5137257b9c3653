// SPDX-License-Identifier: MIT
#include "harness/cli/report_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace selfconnect {
namespace {

constexpr std::array<Reporter, 2> kReporters = {
    {{"short", "", [](const Run&, const Judgement& judgement, FailOn) { return judgement.reason + "\n"; }},
     {"long", "", [](const Run&, const Judgement&, FailOn) { return std::string(1 << 20, 'x'); }}}};

class ReportFilesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string directory_ = testing::TempDir() + "report_files_test_XXXXXX";
};

TEST_F(ReportFilesTest, WritesEveryReportWhole) {
  const std::array requests = {ReportRequest{&kReporters[0], path("short")},
                               ReportRequest{&kReporters[1], path("long")}};
  const auto files = ReportFiles::open(requests);
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_TRUE(files->write({}, {.verdict = Verdict::kSkip, .reason = "why", .rules = {}, .findings = {}},
                           FailOn::kError));
  EXPECT_EQ(content(path("short")), "why\n");
  EXPECT_EQ(content(path("long")).size(), 1U << 20);
}

TEST_F(ReportFilesTest, LeavesNothingOfAnOldReport) {
  std::ofstream(path("old")) << "an old and longer report";
  ASSERT_TRUE(ReportFiles::open(std::array{ReportRequest{&kReporters[0], path("old")}}));
  EXPECT_EQ(content(path("old")), "");
}

TEST_F(ReportFilesTest, NamesTheFileThatCannotBeOpened) {
  const auto files = ReportFiles::open(std::array{ReportRequest{&kReporters[0], path("no/such")}});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ENOENT);
  EXPECT_EQ(files.error().message, "open(" + path("no/such") + "): No such file or directory");
}

TEST_F(ReportFilesTest, WritesTheOthersWhenOneIsFull) {
  const auto files = ReportFiles::open(
      std::array{ReportRequest{&kReporters[0], "/dev/full"}, ReportRequest{&kReporters[0], path("good")}});
  ASSERT_TRUE(files);
  const auto written = files->write({}, {}, FailOn::kError);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "write(/dev/full): No space left on device");
  EXPECT_EQ(content(path("good")), "\n");
}

}  // namespace
}  // namespace selfconnect
