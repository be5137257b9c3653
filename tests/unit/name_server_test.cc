// SPDX-License-Identifier: MIT
#include "harness/peer/name_server.h"

#include <arpa/nameser.h>
#include <gtest/gtest.h>
#include <resolv.h>

#include <array>

namespace selfconnect {
namespace {

std::string query_for(const char* name, int type) {
  std::array<unsigned char, 512> buffer{};
  const int size =
      res_mkquery(ns_o_query, name, ns_c_in, type, nullptr, 0, nullptr, buffer.data(), buffer.size());
  return size < 0 ? ""
                  : std::string(reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(size));
}

int answers_in(const std::string& reply) {
  ns_msg message;
  const auto* bytes = reinterpret_cast<const unsigned char*>(reply.data());
  if (ns_initparse(bytes, static_cast<int>(reply.size()), &message) != 0) return -1;
  return ns_msg_count(message, ns_s_an);
}

TEST(NameAnswerTest, AnswersAnAddressQuery) {
  const auto reply = answer_query(query_for("db.example.com", ns_t_a));
  ASSERT_TRUE(reply);
  ns_msg message;
  ASSERT_EQ(ns_initparse(reinterpret_cast<const unsigned char*>(reply->data()),
                         static_cast<int>(reply->size()), &message),
            0);
  ns_rr record;
  ASSERT_EQ(ns_parserr(&message, ns_s_an, 0, &record), 0);
  EXPECT_STREQ(ns_rr_name(record), "db.example.com");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(ns_rr_rdata(record)), ns_rr_rdlen(record)),
            std::string(address_of_name("db.example.com").bytes()));
}

TEST(NameAnswerTest, HasNoRecordsOfOtherTypes) {
  const auto reply = answer_query(query_for("db.example.com", ns_t_aaaa));
  ASSERT_TRUE(reply);
  EXPECT_EQ(answers_in(*reply), 0);
}

TEST(NameAnswerTest, SurvivesAnyCut) {
  const std::string query = query_for("db.example.com", ns_t_a);
  for (std::size_t length = 0; length < query.size(); ++length) {
    EXPECT_FALSE(answer_query(query.substr(0, length))) << length;
  }
}

TEST(NameAnswerTest, DoesNotAnswerAnswers) {
  const auto reply = answer_query(query_for("db.example.com", ns_t_a));
  EXPECT_FALSE(answer_query(*reply));
}

TEST(NameAddressTest, TellsNamesApartButNotTheirSpelling) {
  EXPECT_EQ(address_of_name("DB.example.com."), address_of_name("db.Example.com"));
  EXPECT_NE(address_of_name("db1.example.com"), address_of_name("db2.example.com"));
}

}  // namespace
}  // namespace selfconnect
