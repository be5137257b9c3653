// SPDX-License-Identifier: MIT
#include "fuzz/vnet/sockaddr.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace selfconnect::vnet {

int read_sockaddr(const sockaddr* address, socklen_t length, Family family, Endpoint& endpoint) {
  constexpr socklen_t kShortestV6 = 24;  // SIN6_LEN_RFC2133: without the scope
  if (length < (family == Family::kIpv6 ? kShortestV6 : sizeof(sockaddr_in))) return -EINVAL;
  if (address->sa_family != (family == Family::kIpv6 ? AF_INET6 : AF_INET)) return -EAFNOSUPPORT;
  sockaddr_storage storage{};
  std::memcpy(&storage, address, std::min<std::size_t>(length, sizeof storage));
  endpoint = Endpoint::from_sockaddr(storage);
  return 0;
}

int write_sockaddr(const Endpoint& endpoint, Family family, sockaddr* address, socklen_t* length) {
  if (static_cast<int>(*length) < 0) return -EINVAL;
  sockaddr_storage storage{};
  socklen_t full = sizeof(sockaddr_in);
  if (family == Family::kIpv4) {
    full = endpoint.to_sockaddr(storage);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    const std::string_view bytes = endpoint.address.bytes();
    if (bytes.size() == sizeof v6.sin6_addr) {
      std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    } else {  // IPv4-mapped (RFC 4291, 2.5.5.2)
      v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
      std::memcpy(&v6.sin6_addr.s6_addr[12], bytes.data(), bytes.size());
    }
    full = sizeof v6;
    std::memcpy(&storage, &v6, sizeof v6);
  }
  std::memcpy(address, &storage, std::min(*length, full));
  *length = full;
  return 0;
}

}  // namespace selfconnect::vnet
