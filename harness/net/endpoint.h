// Addresses and endpoints as values: what a socket is bound to or dials. No system calls.
// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/sys/error.h"

namespace selfconnect {

enum class Family { kIpv4, kIpv6 };

// An IPv4 or IPv6 address in network byte order. An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) is held as
// IPv4.
class Address {
 public:
  Address() = default;  // 0.0.0.0
  static Address v4(std::array<std::uint8_t, 4> bytes);
  static Address v6(const std::array<std::uint8_t, 16>& bytes);
  static Address loopback(Family family);
  static Result<Address> parse(std::string_view text);  // "127.0.0.1", "::1"; never a name

  [[nodiscard]] Family family() const { return family_; }
  // 0.0.0.0 or ::, which Linux takes for the loopback address where it is dialled.
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;  // 127.0.0.0/8 (RFC 1122 3.2.1.3), ::1 (RFC 4291 2.5.3)
  // 4 or 16 bytes, network order.
  [[nodiscard]] std::string_view bytes() const;
  [[nodiscard]] std::string text() const;  // "127.0.0.1", "::1"

  auto operator<=>(const Address&) const = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes_{};
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;  // host byte order

  static Result<Endpoint> parse(std::string_view text);  // "127.0.0.1:80", "[::1]:80"
  static Endpoint from_sockaddr(const sockaddr_storage& storage);
  [[nodiscard]] std::string text() const;  // "127.0.0.1:80", "[::1]:80"

  // Fills `storage`; returns the length to pass to bind or connect.
  socklen_t to_sockaddr(sockaddr_storage& storage) const;

  auto operator<=>(const Endpoint&) const = default;
};

// An address that TCP can connect to: none of multicast or broadcast (RFC 9293 3.9.2.3), none that takes a scope, which an
// Address has not (RFC 4007). The error says what was expected.
[[nodiscard]] Result<Address> parse_host(std::string_view text);

// Where a connection to it leads: to loopback for the unspecified address.
[[nodiscard]] Endpoint reached_by(Endpoint endpoint);

}  // namespace selfconnect
