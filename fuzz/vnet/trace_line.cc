// SPDX-License-Identifier: MIT
#include "fuzz/vnet/trace_line.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <cstring>

#include "fuzz/vnet/descriptors.h"
#include "harness/net/endpoint.h"

namespace selfconnect::vnet {

TraceLine::TraceLine(std::string_view call, std::string_view names)
    : text_(call), names_(names.substr(1, names.size() - 2)) {
  text_ += '(';
}

std::string_view TraceLine::next_name() {
  const std::size_t comma = names_.find(", ");
  const std::string_view name = names_.substr(0, comma);
  names_.remove_prefix(comma == std::string_view::npos ? names_.size() : comma + 2);
  return name;
}

void TraceLine::add_number(std::string_view name, std::int64_t value) {
  if (name == "length") return;
  const bool descriptor = name == "fd" || name == "to" || name == "member";
  if (descriptor && value >= 0 && !Descriptors::is_virtual(static_cast<int>(value))) {
    if (name == "fd") real_ = true;
    return add_text("real");
  }
  add_text(std::to_string(value));
}

// The length that came with it is not looked at: what is read here is there for every address of the family.
void TraceLine::add_address(const sockaddr& address) {
  const bool ipv6 = address.sa_family == AF_INET6;
  if (!ipv6 && address.sa_family != AF_INET) return add_text(fmt::format("family {}", address.sa_family));
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  add_text(Endpoint::from_sockaddr(storage).text());
}

void TraceLine::add_text(std::string_view text) {
  if (!first_) text_ += ", ";
  first_ = false;
  text_ += text;
}

std::string TraceLine::seconds(std::int64_t whole, std::int64_t nanoseconds) {
  return fmt::format("{}.{:09}", whole, nanoseconds);
}

std::string TraceLine::finish(Time now, std::int64_t result, int error) const {
  if (real_) return {};
  constexpr std::int64_t kPerSecond = 1'000'000'000;
  const char* const name = result == -1 ? strerrorname_np(error) : nullptr;
  return fmt::format("{} {}) = {}{}{}\n", seconds(now.count() / kPerSecond, now.count() % kPerSecond), text_,
                     result, name != nullptr ? " " : "", name != nullptr ? name : "");
}

}  // namespace selfconnect::vnet
