// What a finding on the virtual network looks like.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/report.h"

#include <gtest/gtest.h>

#include "records.h"

namespace selfconnect::vnet {
namespace {

const FuzzTarget kTarget{.answer = R"(read:5 say:"it's\n")", .command = "./ping {host} {port}"};

TEST(VnetReportTest, SaysWhatHappenedAndHowToSeeItAgain) {
  const Finding finding{
      .rule = "hangs",
      .message =
          "after attempt 2 (reset) the client waits without a time limit, and nothing can ever happen again; "
          "after a plain refusal it goes on"};
  EXPECT_EQ(report_text(finding, life("self reset serve", 2), kTarget, "crash-1"),
            "\n"
            "error hangs\n"
            "    after attempt 2 (reset) the client waits without a time limit, and nothing can ever happen\n"
            "    again; after a plain refusal it goes on\n"
            "    schedule  self reset serve\n"
            "    attempts  1 self, 2 reset\n"
            "    time      2.000 s, virtual\n"
            "    replay    selfconnect replay crash-1 --answer 'read:5 say:\"it'\\''s\\n\"' -- ./ping {host} "
            "{port}\n"
            "\n");
}

TEST(VnetReportTest, NamesTheScheduleWhereNoFileHasIt) {
  const std::string text =
      report_text({.rule = "spins", .message = "it spins"}, life("self serve", 1), kTarget, "");
  EXPECT_NE(text.find("\nwarning spins\n"), std::string::npos) << text;
  EXPECT_NE(text.find("selfconnect check --schedule 'self serve' --answer"), std::string::npos) << text;
}

}  // namespace
}  // namespace selfconnect::vnet
