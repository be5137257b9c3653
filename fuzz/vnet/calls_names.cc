// getaddrinfo(3) and getnameinfo(3). A list of addresses is made as glibc's are: freed by either's freeaddrinfo(), in a run or after.
// SPDX-License-Identifier: MIT
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/names.h"
#include "fuzz/vnet/real.h"

namespace selfconnect::vnet::calls {

namespace {

constexpr int kKnownFlags = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL |
                            AI_ADDRCONFIG | AI_IDN | AI_CANONIDN |
                            0x300 /* once AI_IDN_..., still let pass */ | AI_NUMERICSERV;

bool is_star(const char* name) { return name != nullptr && std::strcmp(name, "*") == 0; }

// 0, or EAI_...
int reject(const char* node, const char* service, const addrinfo& hints) {
  if (node == nullptr && service == nullptr) return EAI_NONAME;
  if ((hints.ai_flags & ~kKnownFlags) != 0) return EAI_BADFLAGS;
  if ((hints.ai_flags & AI_CANONNAME) != 0 && node == nullptr) return EAI_BADFLAGS;
  const bool known =
      hints.ai_family == AF_UNSPEC || hints.ai_family == AF_INET || hints.ai_family == AF_INET6;
  if (!known) return EAI_FAMILY;
  if ((hints.ai_flags & AI_NUMERICSERV) != 0 && service != nullptr) {
    char* end = nullptr;
    std::strtoul(service, &end, 10);
    if (*end != '\0') return EAI_NONAME;
  }
  return 0;
}

sockaddr_storage address_of(const FoundAddress& found, std::uint16_t port) {
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(found.family);
  if (found.family == AF_INET) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, found.bytes.data(), sizeof(in.sin_addr));
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
    in6.sin6_port = htons(port);
    std::memcpy(&in6.sin6_addr, found.bytes.data(), sizeof(in6.sin6_addr));
    in6.sin6_scope_id = found.scope;
  }
  return storage;
}

// One block of memory for the entry and its address.
addrinfo* make_entry(const FoundAddress& found, const FoundService& service, int flags) {
  const std::size_t length = found.family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  auto* entry = static_cast<addrinfo*>(std::malloc(sizeof(addrinfo) + length));
  if (entry == nullptr) throw std::bad_alloc();
  const sockaddr_storage address = address_of(found, service.port);
  std::memcpy(entry + 1, &address, length);
  *entry = {.ai_flags = flags,
            .ai_family = found.family,
            .ai_socktype = service.type,
            .ai_protocol = service.protocol,
            .ai_addrlen = static_cast<socklen_t>(length),
            .ai_addr = reinterpret_cast<sockaddr*>(entry + 1),
            .ai_canonname = nullptr,
            .ai_next = nullptr};
  return entry;
}

}  // namespace

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static constexpr addrinfo kNoHints = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
  const addrinfo& asked = hints == nullptr ? kNoHints : *hints;
  if (is_star(node)) node = nullptr;
  if (is_star(service)) service = nullptr;
  if (const int error = reject(node, service, asked); error != 0) return error;
  const auto services = find_service(service, asked);
  if (!services) return services.error();
  const auto host = find_host(node, asked);
  if (!host) return host.error();
  addrinfo** end = result;
  for (const FoundAddress& address : host->addresses) {
    for (const FoundService& each : *services) {
      *end = make_entry(address, each, asked.ai_flags);
      end = &(*end)->ai_next;
    }
  }
  if ((asked.ai_flags & AI_CANONNAME) != 0) (*result)->ai_canonname = strdup(host->name.c_str());
  return 0;
}

void freeaddrinfo(addrinfo* list) {
  while (list != nullptr) {
    addrinfo* next = list->ai_next;
    std::free(list->ai_canonname);
    std::free(list);
    list = next;
  }
}

// No address has a name here, but for loopback.
int getnameinfo(const sockaddr* address, socklen_t length, char* node, socklen_t node_room, char* service,
                socklen_t service_room, int flags) {
  if (node == nullptr || node_room == 0 || (flags & NI_NUMERICHOST) != 0) {
    // Of services(5), which is a file.
    return real::getnameinfo(address, length, node, node_room, service, service_room, flags);
  }
  const bool is_loopback =
      (address->sa_family == AF_INET && length >= sizeof(sockaddr_in) &&
       reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK)) ||
      (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6) &&
       IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr));
  const int error = real::getnameinfo(address, length, node, node_room, service, service_room,
                                      (flags & ~NI_NAMEREQD) | NI_NUMERICHOST);
  if (error != 0) return error;
  if (!is_loopback) return (flags & NI_NAMEREQD) != 0 ? EAI_NONAME : 0;
  constexpr std::string_view kLocalhost = "localhost";
  if (node_room <= kLocalhost.size()) return EAI_OVERFLOW;
  std::memcpy(node, kLocalhost.data(), kLocalhost.size() + 1);
  return 0;
}

}  // namespace selfconnect::vnet::calls
