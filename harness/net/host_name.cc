// SPDX-License-Identifier: MIT
#include "harness/net/host_name.h"

#include <cctype>
#include <cstdint>

namespace selfconnect {

namespace {

std::uint32_t fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(std::tolower(static_cast<unsigned char>(c)));
    hash *= 16777619U;
  }
  return hash;
}

}  // namespace

Address address_of_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::uint32_t hash = fnv1a(name);
  // Neither .0 nor .255 at the end: some programs take them for networks and broadcasts.
  return Address::v4(
      {198, 19, static_cast<std::uint8_t>(hash >> 8U), static_cast<std::uint8_t>(1 + (hash >> 16U) % 254)});
}

}  // namespace selfconnect
