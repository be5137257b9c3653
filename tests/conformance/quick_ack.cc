// SPDX-License-Identifier: MIT
#include "quick_ack.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace selfconnect::conformance {

namespace {

constexpr std::uint32_t kLoopbackIndex = 1;

void put(nlmsghdr* message, std::uint16_t type, const Address& address) {
  mnl_attr_put(message, type, address.bytes().size(), address.bytes().data());
}

// RTM_NEWROUTE with quickack, or RTM_DELROUTE, of a route of the table `local`.
Result<void> request(int routes, std::uint16_t type, const Address& address, unsigned prefix_length) {
  alignas(nlmsghdr) std::array<char, 512> buffer{};
  nlmsghdr* const message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  if (type == RTM_NEWROUTE) message->nlmsg_flags |= NLM_F_CREATE | NLM_F_REPLACE;
  const bool v4 = address.family() == Family::kIpv4;
  auto& route = *static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  route = {.rtm_family = static_cast<std::uint8_t>(v4 ? AF_INET : AF_INET6),
           .rtm_dst_len = static_cast<std::uint8_t>(prefix_length),
           .rtm_table = RT_TABLE_LOCAL,
           .rtm_protocol = RTPROT_KERNEL,
           .rtm_scope = RT_SCOPE_HOST,
           .rtm_type = RTN_LOCAL};
  put(message, RTA_DST, address);
  if (v4) put(message, RTA_PREFSRC, Address::loopback(Family::kIpv4));
  mnl_attr_put_u32(message, RTA_OIF, kLoopbackIndex);
  if (type == RTM_NEWROUTE) {
    nlattr* const metrics = mnl_attr_nest_start(message, RTA_METRICS);
    mnl_attr_put_u32(message, RTAX_QUICKACK, 1);
    mnl_attr_nest_end(message, metrics);
  }
  alignas(nlmsghdr) std::array<char, 1024> answer{};
  if (send(routes, message, message->nlmsg_len, 0) < 0)
    return std::unexpected(errno_error("replace a route"));
  const ssize_t size = recv(routes, answer.data(), answer.size(), 0);
  if (size < 0 || mnl_cb_run(answer.data(), static_cast<std::size_t>(size), 0, 0, nullptr, nullptr) < 0) {
    return std::unexpected(errno_error("replace a route"));
  }
  return {};
}

}  // namespace

Result<void> acknowledge_at_once(int routes, const Address& address, unsigned prefix_length) {
  // The kernel's own IPv6 route has a metric that no other may have, and would stay beside it. It is there some time after the
  // address is (addrconf_dad_work()).
  const auto by = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (address.family() == Family::kIpv6) {
    const auto deleted = request(routes, RTM_DELROUTE, address, prefix_length);
    if (deleted) break;
    if (deleted.error().code != ESRCH || std::chrono::steady_clock::now() >= by) return deleted;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return request(routes, RTM_NEWROUTE, address, prefix_length);
}

}  // namespace selfconnect::conformance
