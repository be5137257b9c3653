// SPDX-License-Identifier: MIT
#include "harness/ports/call_memory.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "harness/ports/notify_target.h"

namespace selfconnect {

namespace {

using Kind = NotifyCall::Kind;

template <class T>
std::optional<T> read_value(pid_t thread, std::uint64_t address) {
  T value{};
  if (!read_memory(thread, address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
  return value;
}

// An IPv4 or IPv6 address; nothing for any other family, and for what the kernel will not accept itself.
std::optional<sockaddr_storage> read_address(pid_t thread, std::uint64_t address, std::uint64_t length) {
  sockaddr_storage storage{};
  const std::size_t size = std::min<std::uint64_t>(length, sizeof(sockaddr_in6));
  if (size < sizeof(sockaddr_in)) return std::nullopt;
  if (!read_memory(thread, address, std::as_writable_bytes(std::span(&storage, 1)).first(size)))
    return std::nullopt;
  const bool known =
      storage.ss_family == AF_INET || (storage.ss_family == AF_INET6 && size == sizeof(sockaddr_in6));
  return known ? std::optional(storage) : std::nullopt;
}

// sendmsg(2)'s msg_name and msg_namelen.
std::optional<std::pair<std::uint64_t, std::uint32_t>> read_message_name(pid_t thread,
                                                                         const NotifyCall& call) {
  if (call.layout == NotifyCall::Layout::k32Bit) {
    const auto words = read_value<std::array<std::uint32_t, 2>>(thread, call.arguments[1]);
    if (!words) return std::nullopt;
    return std::pair<std::uint64_t, std::uint32_t>{(*words)[0], (*words)[1]};
  }
  const auto message = read_value<msghdr>(thread, call.arguments[1]);
  if (!message) return std::nullopt;
  return std::pair<std::uint64_t, std::uint32_t>{reinterpret_cast<std::uint64_t>(message->msg_name),
                                                 message->msg_namelen};
}

}  // namespace

std::optional<NotifyCall> read_call(pid_t thread, const seccomp_data& data) {
  const NotifyCall call = notify_call(data);
  if (call.kind != Kind::kSocketCall) return call;
  const auto words = read_value<std::array<std::uint32_t, 6>>(thread, call.arguments[1]);
  return words ? std::optional(inner_call(call, *words)) : std::nullopt;
}

std::optional<sockaddr_storage> read_destination(pid_t thread, const NotifyCall& call) {
  const auto& argument = call.arguments;
  switch (call.kind) {
    case Kind::kConnect:
      return read_address(thread, argument[1], static_cast<std::uint32_t>(argument[2]));
    case Kind::kSendTo:
      if ((argument[3] & MSG_FASTOPEN) == 0) return std::nullopt;
      return read_address(thread, argument[4], static_cast<std::uint32_t>(argument[5]));
    case Kind::kSendMessage: {
      if ((argument[2] & MSG_FASTOPEN) == 0) return std::nullopt;
      const auto name = read_message_name(thread, call);
      return name ? read_address(thread, name->first, name->second) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<sockaddr_storage> read_bound_address(pid_t thread, const NotifyCall& call) {
  return read_address(thread, call.arguments[1], static_cast<std::uint32_t>(call.arguments[2]));
}

}  // namespace selfconnect
