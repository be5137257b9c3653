// SPDX-License-Identifier: MIT
#include "fuzz/vnet/sockaddr.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/net/socket_address.h"

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
  const socklen_t full = socket_address(endpoint, family, storage);
  std::memcpy(address, &storage, std::min(*length, full));
  *length = full;
  return 0;
}

}  // namespace selfconnect::vnet
