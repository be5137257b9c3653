// SPDX-License-Identifier: MIT
#include "harness/net/socket_address.h"

#include <netinet/in.h>

#include <cstring>

namespace selfconnect {

socklen_t socket_address(const Endpoint& endpoint, Family family, sockaddr_storage& storage) {
  if (family == endpoint.address.family() || family == Family::kIpv4) return endpoint.to_sockaddr(storage);
  storage = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(endpoint.port);
  const std::string_view bytes = endpoint.address.bytes();
  v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
  std::memcpy(&v6.sin6_addr.s6_addr[12], bytes.data(), bytes.size());
  return sizeof v6;
}

}  // namespace selfconnect
