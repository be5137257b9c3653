// The corpus of a campaign as a directory that libFuzzer reads.
// SPDX-License-Identifier: MIT
#include "harness/campaign/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/campaign/small_file.h"
#include "harness/schedule/schedule.h"

namespace selfconnect {
namespace {

using ::testing::HasSubstr;

class CorpusTest : public ::testing::Test {
 protected:
  CorpusTest() {
    std::string name = ::testing::TempDir() + "selfconnect-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~CorpusTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

TEST_F(CorpusTest, NamesAnInputByItsSha1) {
  EXPECT_EQ(sha1_hex("abc"),
            "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180-4, as its examples have it
  ASSERT_TRUE(add_to_corpus(directory_, "self serve"));
  ASSERT_TRUE(add_to_corpus(directory_, "self serve"));
  EXPECT_EQ(count_inputs(directory_), 1U);
  EXPECT_EQ(read_small_file(directory_ / sha1_hex("self serve"), 100), "self serve");
}

TEST_F(CorpusTest, BeginsWithOneScheduleForEachPlainEvent) {
  ASSERT_TRUE(seed_corpus(directory_));
  EXPECT_EQ(count_inputs(directory_), 10U);
  const auto check = check_corpus(directory_);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->schedules, 10U);
  EXPECT_EQ(check->others, 0U);
}

TEST_F(CorpusTest, IsNotSeededWhereThereIsOne) {
  ASSERT_TRUE(add_to_corpus(directory_, "self*3 serve"));
  ASSERT_TRUE(seed_corpus(directory_));
  EXPECT_EQ(count_inputs(directory_), 1U);
}

TEST_F(CorpusTest, IsSeededWhereThereIsNoSchedule) {
  ASSERT_TRUE(write_small_file(directory_ / ".gitkeep", ""));
  ASSERT_TRUE(seed_corpus(directory_));
  EXPECT_EQ(count_inputs(directory_), 11U);
}

TEST_F(CorpusTest, SaysWhichFileIsNoSchedule) {
  ASSERT_TRUE(add_to_corpus(directory_, "self serve"));
  ASSERT_TRUE(write_small_file(directory_ / "notes.txt", "bogus serve"));
  const auto check = check_corpus(directory_);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->schedules, 1U);
  EXPECT_EQ(check->others, 1U);
  EXPECT_THAT(check->first_other, HasSubstr("notes.txt: at 1: expected"));
}

TEST_F(CorpusTest, OneThatIsNotThereYetIsEmpty) {
  const auto check = check_corpus(directory_ / "new");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->schedules, 0U);
}

TEST_F(CorpusTest, OneThatIsNoDirectoryIsAnError) {
  ASSERT_TRUE(write_small_file(directory_ / "file", "x"));
  const auto check = check_corpus(directory_ / "file");
  ASSERT_FALSE(check);
  EXPECT_THAT(check.error().message, HasSubstr("file: Not a directory"));
  EXPECT_FALSE(open_corpus(directory_ / "file"));
}

}  // namespace
}  // namespace selfconnect
