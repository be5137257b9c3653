// What getaddrinfo(3) finds on the virtual host. Numbers, and services of services(5), as glibc has them; every other name of a
// host has the IPv4 address that it has in the harness's worlds, but for localhost, which is there in both families whatever
// the machine's hosts(5) says. Asks nobody, and waits for nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <netdb.h>

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <expected>
#include <string>

namespace selfconnect::vnet {

struct FoundService {
  int type = 0, protocol = 0;  // as in socket(2)
  std::uint16_t port = 0;      // host byte order
};
using FoundServices = boost::container::static_vector<FoundService, 7>;  // one a transport

struct FoundAddress {
  int family = 0;                        // AF_INET or AF_INET6
  std::array<std::uint8_t, 16> bytes{};  // 4 or 16 of them, network byte order
  std::uint32_t scope = 0;
};

struct FoundHost {
  // One a family, in the order in which they are to be tried.
  boost::container::static_vector<FoundAddress, 2> addresses;
  std::string name;  // the canonical one
};

// Errors are the EAI_... of getaddrinfo(3). `hints` has a known family, and only flags that getaddrinfo(3) has; not both names
// are null.
[[nodiscard]] std::expected<FoundServices, int> find_service(const char* name, const addrinfo& hints);
[[nodiscard]] std::expected<FoundHost, int> find_host(const char* name, const addrinfo& hints);

}  // namespace selfconnect::vnet
