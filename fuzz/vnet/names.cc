// SPDX-License-Identifier: MIT
#include "fuzz/vnet/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <resolv.h>
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "harness/net/host_name.h"

namespace selfconnect::vnet {

namespace {

// What there is to be asked for, and in which order it is found.
struct Transport {
  int type, protocol;
  const char* name;           // in services(5)
  bool by_default;            // also where neither type nor protocol is asked for
  bool any_protocol = false;  // and no service
};
constexpr std::array<Transport, 7> kTransports = {{
    {SOCK_STREAM, IPPROTO_TCP, "tcp", true},
    {SOCK_DGRAM, IPPROTO_UDP, "udp", true},
    {SOCK_DCCP, IPPROTO_DCCP, "dccp", false},
    {SOCK_DGRAM, IPPROTO_UDPLITE, "udplite", false},
    {SOCK_STREAM, IPPROTO_SCTP, "sctp", false},
    {SOCK_SEQPACKET, IPPROTO_SCTP, "sctp", false},
    {SOCK_RAW, 0, "raw", true, true},
}};

bool is_asked_for(const Transport& transport, const addrinfo& hints) {
  return (hints.ai_socktype == 0 || hints.ai_socktype == transport.type) &&
         (hints.ai_protocol == 0 || transport.any_protocol || hints.ai_protocol == transport.protocol);
}

FoundService at_port(const Transport& transport, const addrinfo& hints, std::uint16_t port) {
  return {transport.type, transport.any_protocol ? hints.ai_protocol : transport.protocol, port};
}

// services(5): a file.
std::optional<std::uint16_t> port_of(const char* service, const Transport& transport) {
  std::array<char, 1024> buffer{};
  servent entry{};
  servent* found = nullptr;
  getservbyname_r(service, transport.name, &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

std::expected<FoundServices, int> find_named(const char* service, const addrinfo& hints) {
  FoundServices all;
  for (const Transport& transport : kTransports) {
    if (transport.any_protocol || !is_asked_for(transport, hints)) continue;
    if (const auto port = port_of(service, transport)) all.push_back(at_port(transport, hints, *port));
    // One type or protocol: the first transport that has it, and no other.
    if (hints.ai_socktype != 0 || hints.ai_protocol != 0) break;
  }
  if (all.empty()) return std::unexpected(EAI_SERVICE);
  return all;
}

FoundAddress v4(const in_addr& address) {
  FoundAddress found{.family = AF_INET};
  std::memcpy(found.bytes.data(), &address, sizeof(address));
  return found;
}

FoundAddress v6(const in6_addr& address, std::uint32_t scope = 0) {
  FoundAddress found{.family = AF_INET6, .scope = scope};
  std::memcpy(found.bytes.data(), &address, sizeof(address));
  return found;
}

FoundAddress mapped(const FoundAddress& address) {
  FoundAddress found{.family = AF_INET6};
  found.bytes[10] = found.bytes[11] = 0xff;
  std::copy_n(address.bytes.begin(), 4, found.bytes.begin() + 12);
  return found;
}

using Numeric = std::optional<std::expected<FoundAddress, int>>;  // none: not a number

Numeric numeric_v4(const char* name, const addrinfo& hints) {
  in_addr address{};
  // inet_aton(3) is content with a number and anything after white space.
  if (std::ranges::any_of(std::string_view(name), [](unsigned char c) { return std::isspace(c) != 0; }))
    return {};
  if (inet_aton(name, &address) == 0) return {};
  if (hints.ai_family != AF_INET6) return v4(address);
  if ((hints.ai_flags & AI_V4MAPPED) != 0) return mapped(v4(address));
  return std::unexpected(EAI_ADDRFAMILY);
}

// The one interface is lo.
std::optional<std::uint32_t> scope_of(std::string_view text, const in6_addr& address) {
  if ((IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_MC_LINKLOCAL(&address)) && text == "lo") return 1;
  std::uint32_t scope = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), scope);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return scope;
}

Numeric numeric_v6(const char* name, const addrinfo& hints) {
  const std::string_view text(name);
  const std::size_t percent = text.find('%');
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text.substr(0, percent)).c_str(), &address) != 1) return {};
  if (hints.ai_family == AF_INET && !IN6_IS_ADDR_V4MAPPED(&address)) return std::unexpected(EAI_ADDRFAMILY);
  std::optional<std::uint32_t> scope = 0;
  if (percent != std::string_view::npos) scope = scope_of(text.substr(percent + 1), address);
  if (!scope) return std::unexpected(EAI_NONAME);
  if (hints.ai_family != AF_INET) return v6(address, *scope);
  in_addr inner{};
  std::memcpy(&inner, &address.s6_addr[12], sizeof(inner));
  return v4(inner);
}

// Without a name: the addresses to bind to, or this host's own.
FoundHost find_own(const addrinfo& hints) {
  const bool passive = (hints.ai_flags & AI_PASSIVE) != 0;
  FoundHost host;
  if (hints.ai_family != AF_INET) host.addresses.push_back(v6(passive ? in6addr_any : in6addr_loopback));
  if (hints.ai_family != AF_INET6)
    host.addresses.push_back(v4({passive ? INADDR_ANY : htonl(INADDR_LOOPBACK)}));
  // By the rules of RFC 6724.
  if (passive) std::ranges::reverse(host.addresses);
  return host;
}

std::expected<FoundHost, int> find_named_host(const char* name, const addrinfo& hints) {
  if (*name == '\0' || res_hnok(name) == 0) return std::unexpected(EAI_NONAME);
  FoundHost host{.addresses = {}, .name = name};
  if (strcasecmp(name, "localhost") == 0) {
    addrinfo own = hints;
    own.ai_flags &= ~AI_PASSIVE;
    host.addresses = find_own(own).addresses;
    return host;
  }
  if (host.name.ends_with('.')) host.name.pop_back();
  in_addr address{};
  std::memcpy(&address, address_of_name(host.name).bytes().data(), sizeof(address));
  if (hints.ai_family != AF_INET6) {
    host.addresses.push_back(v4(address));
  } else if ((hints.ai_flags & AI_V4MAPPED) != 0) {
    host.addresses.push_back(mapped(v4(address)));
  } else {
    return std::unexpected(EAI_NODATA);
  }
  return host;
}

}  // namespace

std::expected<FoundServices, int> find_service(const char* name, const addrinfo& hints) {
  const bool asked = hints.ai_socktype != 0 || hints.ai_protocol != 0;
  const auto first = std::ranges::find_if(
      kTransports, [&](const Transport& transport) { return is_asked_for(transport, hints); });
  if (asked && first == kTransports.end()) {
    return std::unexpected(hints.ai_socktype != 0 ? EAI_SOCKTYPE : EAI_SERVICE);
  }
  std::uint16_t port = 0;
  if (name != nullptr && *name != '\0') {
    if (asked && first->any_protocol) return std::unexpected(EAI_SERVICE);
    char* end = nullptr;
    const int number = static_cast<int>(std::strtoul(name, &end, 10));
    if (*end != '\0' || number < 0) return find_named(name, hints);
    port = static_cast<std::uint16_t>(number);
  }
  if (asked) return FoundServices{at_port(*first, hints, port)};
  FoundServices all;
  for (const Transport& transport : kTransports) {
    if (transport.by_default) all.push_back(at_port(transport, hints, port));
  }
  return all;
}

std::expected<FoundHost, int> find_host(const char* name, const addrinfo& hints) {
  if (name == nullptr) return find_own(hints);
  Numeric numeric = numeric_v4(name, hints);
  if (!numeric) numeric = numeric_v6(name, hints);
  if (numeric && !*numeric) return std::unexpected(numeric->error());
  if (numeric) return FoundHost{.addresses = {**numeric}, .name = name};
  if ((hints.ai_flags & AI_NUMERICHOST) != 0) return std::unexpected(EAI_NONAME);
  return find_named_host(name, hints);
}

}  // namespace selfconnect::vnet
