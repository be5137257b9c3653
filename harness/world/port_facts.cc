// SPDX-License-Identifier: MIT
#include "harness/world/port_facts.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <ranges>

namespace selfconnect {

namespace {

constexpr std::string_view kListen = "0A";  // TCP_LISTEN, include/net/tcp_states.h

std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
  std::vector<std::string> words;
  boost::split(words, text, boost::is_any_of(separators), boost::token_compress_on);
  std::erase(words, "");
  return words;
}

template <class Number>
std::optional<Number> number_of(std::string_view text, int base) {
  Number number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<PortRange> range_of(std::string_view low_text, std::string_view high_text) {
  const auto low = number_of<std::uint16_t>(low_text, 10);
  const auto high = number_of<std::uint16_t>(high_text, 10);
  if (!low || !high || *low > *high) return std::nullopt;
  return PortRange{*low, *high};
}

// "0100007F": each four bytes of the address as a number in the order of bytes of this machine.
std::optional<Address> address_of(std::string_view hex) {
  std::array<std::uint8_t, 16> bytes{};
  if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
  for (std::size_t i = 0; i < hex.size() / 8; ++i) {
    const auto word = number_of<std::uint32_t>(hex.substr(i * 8, 8), 16);
    if (!word) return std::nullopt;
    std::memcpy(bytes.data() + i * 4, &*word, 4);
  }
  if (hex.size() == 8) return Address::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
  return Address::v6(bytes);
}

std::optional<Endpoint> endpoint_of(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = address_of(text.substr(0, colon));
  const auto port = number_of<std::uint16_t>(text.substr(colon + 1), 16);
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, *port};
}

}  // namespace

Result<PortRange> parse_port_range(std::string_view text) {
  const auto words = words_of(text, " \t\n");
  const auto range = words.size() == 2 ? range_of(words[0], words[1]) : std::nullopt;
  if (!range) return std::unexpected(error(fmt::format("'{}' is not a port range: expected LOW HIGH", text)));
  return *range;
}

Result<std::vector<PortRange>> parse_port_list(std::string_view text) {
  std::vector<PortRange> ports;
  for (const std::string& part : words_of(text, ", \t\n")) {
    const auto dash = part.find('-');
    const auto range =
        range_of(part.substr(0, dash), dash == std::string::npos ? part : part.substr(dash + 1));
    if (!range && dash != std::string::npos && range_of(part.substr(dash + 1), part.substr(0, dash))) {
      return std::unexpected(error(fmt::format("the range {} is the wrong way round: expected {}-{}", part,
                                               part.substr(dash + 1), part.substr(0, dash))));
    }
    if (!range)
      return std::unexpected(error(fmt::format("'{}' is not a port: expected N or LOW-HIGH", part)));
    ports.push_back(*range);
  }
  return ports;
}

std::string port_list_text(std::span<const PortRange> ports) {
  std::vector<std::string> parts;
  for (const auto& [low, high] : ports) {
    parts.push_back(low == high ? fmt::format("{}", low) : fmt::format("{}-{}", low, high));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

std::vector<Endpoint> parse_listeners(std::string_view text) {
  std::vector<Endpoint> listeners;
  for (const std::string& line : words_of(text, "\n")) {
    const auto words = words_of(line, " ");  // "0:", local, remote, state, ...
    if (words.size() < 4 || words[3] != kListen) continue;
    if (const auto endpoint = endpoint_of(words[1])) listeners.push_back(*endpoint);
  }
  return listeners;
}

std::vector<Endpoint> listeners_at_risk(std::span<const Endpoint> listeners, PortRange range,
                                        std::span<const PortRange> reserved) {
  std::map<std::uint16_t, Endpoint> by_port;
  for (const Endpoint& listener : listeners) {
    const auto holds = [&](PortRange ports) { return ports.contains(listener.port); };
    if (holds(range) && std::ranges::none_of(reserved, holds)) by_port.try_emplace(listener.port, listener);
  }
  const auto found = by_port | std::views::values;
  return {found.begin(), found.end()};
}

std::vector<PortRange> with_ports(std::span<const PortRange> reserved, std::span<const Endpoint> listeners) {
  std::vector<PortRange> ports(reserved.begin(), reserved.end());
  for (const Endpoint& listener : listeners) {
    const bool known = std::ranges::any_of(ports, [&](PortRange r) { return r.contains(listener.port); });
    if (!known) ports.push_back({listener.port, listener.port});
  }
  std::ranges::sort(ports);
  return ports;
}

}  // namespace selfconnect
