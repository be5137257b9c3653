// The findings of a campaign on the disk, whole or recognised as half-written.
// SPDX-License-Identifier: MIT
#include "harness/campaign/finding_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/campaign/small_file.h"
#include "harness/schedule/schedule.h"

namespace selfconnect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FindingStoreTest : public ::testing::Test {
 protected:
  FindingStoreTest() {
    std::string name = ::testing::TempDir() + "selfconnect-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~FindingStoreTest() override { std::filesystem::remove_all(directory_); }

  FindingStore store() { return *FindingStore::open(directory_ / "findings"); }
  static SavedFinding sample(std::string name) {
    return {.name = std::move(name),
            .key = "hangs event=self",
            .rule = "hangs",
            .level = Level::kError,
            .message = "the target hangs",
            .schedule = "self serve",
            .first_schedule = "refuse self*2 serve",
            .seed = 7,
            .shown = 1,
            .confirmations = 1,
            .shrink_runs = 12,
            .minimal = true,
            .replay = "selfconnect replay out/findings/hangs-self-00000001 -- ./client"};
  }

  std::filesystem::path directory_;
};

TEST_F(FindingStoreTest, IsClaimedOnce) {
  EXPECT_EQ(store().claim("a", "serve"), FindingStore::Claim::kMine);
  EXPECT_EQ(store().claim("a", "serve"), FindingStore::Claim::kKnown);
  EXPECT_FALSE(store().is_saved("a"));
}

TEST_F(FindingStoreTest, LoadsWhatItSaved) {
  const SavedFinding saved = sample("hangs-self-00000001");
  ASSERT_EQ(store().claim(saved.name, saved.first_schedule), FindingStore::Claim::kMine);
  ASSERT_TRUE(store().save(saved, "{}"));
  EXPECT_TRUE(store().is_saved(saved.name));
  EXPECT_THAT(store().load_all(), ElementsAre(saved));
  EXPECT_EQ(store().claim(saved.name, "serve"), FindingStore::Claim::kKnown);
}

TEST_F(FindingStoreTest, WritesAScheduleThatParses) {
  SavedFinding saved = sample("a");
  saved.message = "two\nlines # and more";
  ASSERT_EQ(store().claim("a", "serve"), FindingStore::Claim::kMine);
  ASSERT_TRUE(store().save(saved, "{}"));
  const auto text = read_small_file(directory_ / "findings/a/schedule", 4096);
  ASSERT_TRUE(text);
  const auto schedule = parse_schedule(*text);
  ASSERT_TRUE(schedule) << *text;
  EXPECT_EQ(print(*schedule), "self serve");
}

TEST_F(FindingStoreTest, TakesWhatAKilledWorkerLeft) {
  ASSERT_EQ(store().claim("half", "self serve"), FindingStore::Claim::kMine);
  ASSERT_EQ(store().claim("whole", "serve"), FindingStore::Claim::kMine);
  ASSERT_TRUE(store().save(sample("whole"), "{}"));
  EXPECT_THAT(store().take_unfinished(), ElementsAre("self serve"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "findings/half"));
  EXPECT_TRUE(store().is_saved("whole"));
  EXPECT_THAT(store().take_unfinished(), IsEmpty());
}

TEST_F(FindingStoreTest, TakesWhatOneOfTheWorkersLeft) {
  const auto first = *FindingStore::open(directory_, 0), second = *FindingStore::open(directory_, 1);
  (void)first.claim("a", "self serve");
  (void)second.claim("b", "close serve");
  EXPECT_THAT(second.unfinished(), ElementsAre("a", "b"));
  EXPECT_THAT(first.take_unfinished(1), ElementsAre("close serve"));
  EXPECT_THAT(first.unfinished(), ElementsAre("a"));
}

TEST_F(FindingStoreTest, LeavesAlonePeoplesFiles) {
  ASSERT_EQ(store().claim("half", "self serve"), FindingStore::Claim::kMine);
  ASSERT_TRUE(write_small_file(directory_ / "findings/half/notes.txt", "mine"));
  EXPECT_THAT(store().take_unfinished(), ElementsAre("self serve"));
  EXPECT_TRUE(std::filesystem::exists(directory_ / "findings/half/notes.txt"));
}

TEST_F(FindingStoreTest, KeepsABoundedNumber) {
  const FindingStore full = store();
  for (std::size_t i = 0; i < kMostFindings; ++i) {
    ASSERT_EQ(full.claim(std::to_string(i), "serve"), FindingStore::Claim::kMine);
  }
  EXPECT_EQ(full.claim("more", "serve"), FindingStore::Claim::kFull);
  EXPECT_EQ(full.claim("7", "serve"), FindingStore::Claim::kKnown);
}

TEST_F(FindingStoreTest, SaysWhichFileItCouldNotWrite) {
  ASSERT_EQ(store().claim("a", "serve"), FindingStore::Claim::kMine);
  std::filesystem::create_directory(directory_ / "findings/a/schedule");
  const auto saved = store().save(sample("a"), "{}");
  ASSERT_FALSE(saved);
  EXPECT_THAT(saved.error().message, HasSubstr("findings/a/schedule"));
  EXPECT_FALSE(store().is_saved("a"));
}

TEST_F(FindingStoreTest, PageHasTheScheduleAndTheCommand) {
  const std::string page = finding_page(sample("a"));
  EXPECT_THAT(page, HasSubstr("    self serve\n"));
  EXPECT_THAT(page, HasSubstr("    selfconnect replay out/findings/hangs-self-00000001 -- ./client\n"));
  SavedFinding flaky = sample("a");
  flaky.shown = 0;
  flaky.confirmations = 3;
  EXPECT_THAT(finding_page(flaky), HasSubstr("**Flaky**"));
}

}  // namespace
}  // namespace selfconnect
