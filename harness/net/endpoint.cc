// SPDX-License-Identifier: MIT
#include "harness/net/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace selfconnect {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || end != text.data() + text.size()) {
    return std::unexpected(error(fmt::format("'{}' is not a port: expected 0 to 65535", text)));
  }
  return port;
}

}  // namespace

Address Address::v4(std::array<std::uint8_t, 4> bytes) {
  Address address;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

Address Address::v6(const std::array<std::uint8_t, 16>& bytes) {
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  Address address;
  address.family_ = Family::kIpv6;
  address.bytes_ = bytes;
  return address;
}

Address Address::loopback(Family family) {
  if (family == Family::kIpv4) return v4({127, 0, 0, 1});
  std::array<std::uint8_t, 16> bytes{};
  bytes[15] = 1;
  return v6(bytes);
}

Result<Address> Address::parse(std::string_view text) {
  const std::string terminated(text);
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen{};
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return std::unexpected(error(fmt::format("'{}' is not an IPv4 or IPv6 address", text)));
}

std::string_view Address::bytes() const {
  return {reinterpret_cast<const char*>(bytes_.data()), family_ == Family::kIpv4 ? 4U : 16U};
}

bool Address::is_unspecified() const {
  return std::ranges::all_of(bytes(), [](char byte) { return byte == 0; });
}

bool Address::is_loopback() const {
  return family_ == Family::kIpv4 ? bytes_.front() == 127 : *this == loopback(Family::kIpv6);
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(family_ == Family::kIpv4 ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::unexpected(error(fmt::format("'{}' is not an endpoint: expected ADDRESS:PORT", text)));
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  auto address = Address::parse(host);
  if (!address) return std::unexpected(address.error());
  auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::unexpected(port.error());
  return Endpoint{*address, *port};
}

Endpoint Endpoint::from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return {Address::v6(bytes), ntohs(in6.sin6_port)};
  }
  const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
  return {Address::v4(bytes), ntohs(in.sin_port)};
}

std::string Endpoint::text() const {
  return address.family() == Family::kIpv4 ? fmt::format("{}:{}", address.text(), port)
                                           : fmt::format("[{}]:{}", address.text(), port);
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  storage = {};
  if (address.family() == Family::kIpv4) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    return sizeof(sockaddr_in);
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
  return sizeof(sockaddr_in6);
}

Result<Address> parse_host(std::string_view text) {
  auto address = Address::parse(text);
  if (!address) return address;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(address->bytes()[i]); };
  if (address->family() == Family::kIpv4) {
    const bool is_multicast = byte(0) >> 4 == 0xe,
               is_broadcast = address == Address::v4({255, 255, 255, 255}) ||
                              address == Address::v4({127, 255, 255, 255});
    if (!is_multicast && !is_broadcast) return address;
    return std::unexpected(error(fmt::format(
        "no TCP connection can be made to {}: expected an address of one host, such as 127.0.0.1", text)));
  }
  const bool is_multicast = byte(0) == 0xff, is_link_local = byte(0) == 0xfe && byte(1) >> 6 == 2;
  if (!is_multicast && !is_link_local) return address;
  return std::unexpected(error(fmt::format(
      "no TCP connection can be made to {}{}: expected an address of one host, such as ::1 or fd00::1", text,
      is_link_local ? " without a scope" : "")));
}

Endpoint reached_by(Endpoint endpoint) {
  if (endpoint.address.is_unspecified()) endpoint.address = Address::loopback(endpoint.address.family());
  return endpoint;
}

}  // namespace selfconnect
