// Numbers and services are held against glibc's own getaddrinfo(3); names against those of the harness's worlds, whose answers
// were seen once and stand here.
// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/real.h"
#include "harness/net/host_name.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using testing::HasSubstr;

// One line per entry, or the error's text.
std::string text_of(int error, const addrinfo* list) {
  if (error != 0) return gai_strerror(error);
  std::string text;
  for (; list != nullptr; list = list->ai_next) {
    const bool v6 = list->ai_addr->sa_family == AF_INET6;
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(list->ai_addr);
    std::array<char, INET6_ADDRSTRLEN> address{};
    if (v6) {
      inet_ntop(AF_INET6, &in6->sin6_addr, address.data(), address.size());
    } else {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(list->ai_addr)->sin_addr, address.data(),
                address.size());
    }
    text +=
        fmt::format("{:#x} {} {} {} {} {}:{}%{} {}\n", list->ai_flags, list->ai_family, list->ai_socktype,
                    list->ai_protocol, list->ai_addrlen, address.data(), ntohs(in6->sin6_port),
                    v6 ? in6->sin6_scope_id : 0, list->ai_canonname == nullptr ? "-" : list->ai_canonname);
  }
  return text;
}

std::string virtual_answer(const char* node, const char* service, const addrinfo* hints) {
  addrinfo* list = nullptr;
  const int error = calls::getaddrinfo(node, service, hints, &list);
  std::string text = text_of(error, list);
  calls::freeaddrinfo(list);
  return text;
}

std::string real_answer(const char* node, const char* service, const addrinfo* hints) {
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(node, service, hints, &list);
  std::string text = text_of(error, list);
  if (list != nullptr) ::freeaddrinfo(list);
  return text;
}

// "1.2.3.4 5.6.7.8", or the error's text.
std::string addresses_of(const char* node, int family = AF_UNSPEC, int flags = 0) {
  const addrinfo hints{.ai_flags = flags, .ai_family = family, .ai_socktype = SOCK_STREAM};
  addrinfo* list = nullptr;
  const int error = calls::getaddrinfo(node, "80", &hints, &list);
  if (error != 0) return gai_strerror(error);
  std::string text;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> host{};
    ::getnameinfo(each->ai_addr, each->ai_addrlen, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
    text += fmt::format("{}{}", text.empty() ? "" : " ", host.data());
  }
  // Lists of either kind are freed by either.
  ::freeaddrinfo(list);
  return text;
}

class NamesTest : public testing::Test {
 protected:
  VirtualHost virtual_;
};

TEST_F(NamesTest, GivesWhatGlibcGivesForNumbers) {
  const std::vector<const char*> nodes = {
      nullptr,        "127.0.0.1", "1.2.3.4",   "127.1",          "0x7f.1",
      "017700000001", "::1",       "*",         "::ffff:1.2.3.4", "fe80::1",
      "fe80::1%lo",   "fe80::1%7", "::1%1",     "::1%lo",         "fe80::1%",
      "0.0.0.0",      "::",        "1.2.3.4 x", "1.2.3.4 ",       ""};
  const std::vector<const char*> services = {nullptr, "80", "http", "domain", "70000", "-1",
                                             "0",     "",   "8x",   "*",      " 80"};
  // Not AI_ADDRCONFIG, which asks the machine's interfaces.
  const std::vector<int> flags = {0,
                                  AI_NUMERICHOST,
                                  AI_PASSIVE | AI_NUMERICHOST,
                                  AI_CANONNAME | AI_NUMERICHOST,
                                  AI_NUMERICSERV | AI_NUMERICHOST,
                                  AI_V4MAPPED | AI_NUMERICHOST,
                                  0x10000};
  const std::vector<std::pair<int, int>> kinds = {{0, 0},
                                                  {SOCK_STREAM, 0},
                                                  {SOCK_DGRAM, 0},
                                                  {SOCK_RAW, 0},
                                                  {0, IPPROTO_TCP},
                                                  {0, IPPROTO_UDP},
                                                  {SOCK_STREAM, IPPROTO_UDP},
                                                  {SOCK_RAW, IPPROTO_ICMP},
                                                  {SOCK_SEQPACKET, 0},
                                                  {77, 0},
                                                  {0, 250},
                                                  {SOCK_DCCP, 0}};
  for (const char* node : nodes) {
    for (const char* service : services) {
      for (const int flag : flags) {
        // What is no number would be asked for outside.
        const bool asks = node != nullptr && inet_addr(node) == INADDR_NONE && strchr(node, ':') == nullptr;
        if (asks && (flag & AI_NUMERICHOST) == 0) continue;
        if (node != nullptr && strchr(node, '%') != nullptr && (flag & AI_NUMERICHOST) == 0) continue;
        for (const int family : {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX}) {
          // glibc sorts these two by the routes that the machine has.
          if (family == AF_UNSPEC && (node == nullptr || std::string(node) == "*")) continue;
          for (const auto& [type, protocol] : kinds) {
            const addrinfo hints{
                .ai_flags = flag, .ai_family = family, .ai_socktype = type, .ai_protocol = protocol};
            ASSERT_EQ(virtual_answer(node, service, &hints), real_answer(node, service, &hints))
                << (node == nullptr ? "null" : node) << ", " << (service == nullptr ? "null" : service)
                << ", flags " << flag << ", family " << family << ", type " << type << ", protocol "
                << protocol;
          }
        }
      }
    }
  }
  EXPECT_EQ(virtual_answer("127.0.0.1", "80", nullptr), real_answer("127.0.0.1", "80", nullptr));
  EXPECT_THAT(virtual_answer("127.0.0.1", "80", nullptr), HasSubstr("127.0.0.1:80"));
}

TEST_F(NamesTest, GivesTheAddressesOfWorlds) {
  EXPECT_EQ(addresses_of("db.example.com"), "198.19.138.247");
  EXPECT_EQ(addresses_of("DB.example.com."), "198.19.138.247");
  EXPECT_EQ(addresses_of("a_b"), address_of_name("a_b").text());
  EXPECT_EQ(addresses_of("db", AF_INET6), gai_strerror(EAI_NODATA));
  EXPECT_EQ(addresses_of("db", AF_INET6, AI_V4MAPPED), "::ffff:198.19.198.203");
  EXPECT_EQ(addresses_of("256.1.1.1"), address_of_name("256.1.1.1").text());
  EXPECT_EQ(addresses_of("localhost"), "::1 127.0.0.1");
  EXPECT_EQ(addresses_of("LOCALHOST", AF_INET, AI_PASSIVE), "127.0.0.1");
  EXPECT_EQ(addresses_of(nullptr), "::1 127.0.0.1");
  EXPECT_EQ(addresses_of(nullptr, AF_UNSPEC, AI_PASSIVE), "0.0.0.0 ::");
}

TEST_F(NamesTest, RejectsWhatIsNoName) {
  for (const char* name : {"", "a b", "-a", "a/b", "a..b", "a\x80z"}) {
    EXPECT_EQ(addresses_of(name), gai_strerror(EAI_NONAME)) << name;
  }
  EXPECT_EQ(addresses_of(std::string(64, 'x').c_str()), gai_strerror(EAI_NONAME));
  EXPECT_EQ(addresses_of("db", AF_UNSPEC, AI_NUMERICHOST), gai_strerror(EAI_NONAME));
}

TEST_F(NamesTest, GivesTheCanonicalNameOnce) {
  const addrinfo hints{.ai_flags = AI_CANONNAME};
  EXPECT_THAT(virtual_answer("DB.", "80", &hints), testing::ContainsRegex(" DB\n.* -\n.* -\n"));
}

std::string name_of(const char* address, int flags, std::size_t room = 64) {
  const addrinfo hints{.ai_flags = AI_NUMERICHOST, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* list = nullptr;
  if (calls::getaddrinfo(address, "80", &hints, &list) != 0) return "no address";
  std::array<char, 64> host{}, service{};
  const int error = calls::getnameinfo(list->ai_addr, list->ai_addrlen, host.data(),
                                       static_cast<socklen_t>(room), service.data(), service.size(), flags);
  calls::freeaddrinfo(list);
  return error != 0 ? gai_strerror(error) : fmt::format("{} {}", host.data(), service.data());
}

TEST_F(NamesTest, NamesLoopbackOnly) {
  EXPECT_EQ(name_of("127.0.0.1", 0), "localhost http");
  EXPECT_EQ(name_of("::1", NI_NUMERICSERV | NI_NAMEREQD), "localhost 80");
  EXPECT_EQ(name_of("127.0.0.1", NI_NUMERICHOST | NI_NUMERICSERV), "127.0.0.1 80");
  EXPECT_EQ(name_of("198.19.3.4", 0), "198.19.3.4 http");
  EXPECT_EQ(name_of("198.19.3.4", NI_NAMEREQD), gai_strerror(EAI_NONAME));
  EXPECT_EQ(name_of("127.0.0.1", 0, 9), gai_strerror(EAI_OVERFLOW));
}

}  // namespace
}  // namespace selfconnect::vnet
