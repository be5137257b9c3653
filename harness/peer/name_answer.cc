// Parsing and answering with the resolver library of libc (ns_initparse and friends).
// SPDX-License-Identifier: MIT
#include <arpa/nameser.h>
#include <resolv.h>

#include <array>
#include <cstdint>

#include "harness/peer/name_server.h"

namespace selfconnect {

namespace {

constexpr std::uint32_t kTimeToLive = 0;  // seconds: nothing is to be remembered

// Header and question of the reply: the query's own bytes, with the flags of an answer.
std::string reply_head(std::string_view query, std::size_t question_end, std::uint16_t answers) {
  std::string reply(query.substr(0, question_end));
  auto* header = reinterpret_cast<HEADER*>(reply.data());
  header->qr = 1;
  header->aa = 1;
  header->ra = 1;
  header->tc = 0;
  header->rcode = ns_r_noerror;
  header->ancount = htons(answers);
  header->nscount = 0;
  header->arcount = 0;
  return reply;
}

void append_a_record(std::string& reply, const Address& address) {
  std::array<unsigned char, 12> fixed{};
  unsigned char* at = fixed.data();
  NS_PUT16(0xc000U | NS_HFIXEDSZ, at);  // the name: a pointer to the question's (RFC 1035 4.1.4)
  NS_PUT16(ns_t_a, at);
  NS_PUT16(ns_c_in, at);
  NS_PUT32(kTimeToLive, at);
  NS_PUT16(NS_INADDRSZ, at);
  reply.append(reinterpret_cast<const char*>(fixed.data()), fixed.size());
  reply.append(address.bytes());
}

}  // namespace

std::optional<std::string> answer_query(std::string_view query) {
  ns_msg message;
  if (query.size() < NS_HFIXEDSZ) return std::nullopt;
  const auto* bytes = reinterpret_cast<const unsigned char*>(query.data());
  if (ns_initparse(bytes, static_cast<int>(query.size()), &message) != 0) return std::nullopt;
  if (ns_msg_getflag(message, ns_f_qr) != 0 || ns_msg_count(message, ns_s_qd) != 1) return std::nullopt;
  ns_rr question;
  if (ns_parserr(&message, ns_s_qd, 0, &question) != 0) return std::nullopt;
  const int name_length = dn_skipname(bytes + NS_HFIXEDSZ, bytes + query.size());
  if (name_length < 0) return std::nullopt;
  const std::size_t question_end = NS_HFIXEDSZ + static_cast<std::size_t>(name_length) + NS_QFIXEDSZ;
  const bool address_asked = ns_rr_type(question) == ns_t_a && ns_rr_class(question) == ns_c_in;
  std::string reply = reply_head(query, question_end, address_asked ? 1 : 0);
  if (address_asked) append_a_record(reply, address_of_name(ns_rr_name(question)));
  return reply;
}

}  // namespace selfconnect
