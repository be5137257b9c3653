// SPDX-License-Identifier: MIT
#include "harness/world/rtnetlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <array>

#include "harness/world/netlink_answer.h"

namespace selfconnect::rtnetlink {

namespace {

constexpr std::size_t kMessageSize = 1024;

// One request under construction, in a buffer of its own.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  }

  template <class Payload>
  Payload& put() {
    return *static_cast<Payload*>(mnl_nlmsg_put_extra_header(header_, sizeof(Payload)));
  }
  void put(std::uint16_t type, const Address& address) {
    mnl_attr_put(header_, type, address.bytes().size(), address.bytes().data());
  }
  void put(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, value); }
  void put(std::uint16_t type, const char* text) { mnl_attr_put_strz(header_, type, text); }
  nlattr* nest(std::uint16_t type) { return mnl_attr_nest_start(header_, type); }
  void end(nlattr* nest) { mnl_attr_nest_end(header_, nest); }

  // Sends it and waits for the kernel's answer, which comes at once.
  Result<void> send(int socket, std::string_view what) const {
    if (::send(socket, header_, header_->nlmsg_len, 0) < 0) return std::unexpected(errno_error(what));
    alignas(nlmsghdr) std::array<char, MNL_NLMSG_HDRLEN + kMessageSize> reply{};
    const ssize_t size = recv(socket, reply.data(), reply.size(), 0);
    if (size < 0) return std::unexpected(errno_error(what));
    const auto done = netlink::read_acknowledgement({reply.data(), static_cast<std::size_t>(size)});
    if (!done) return std::unexpected(errno_error(what, done.error()));
    return {};
  }

 private:
  alignas(nlmsghdr) std::array<char, kMessageSize> buffer_{};
  nlmsghdr* header_;
};

std::uint8_t family_number(Family family) { return family == Family::kIpv4 ? AF_INET : AF_INET6; }

rtmsg route_header(Family family, unsigned prefix_length, unsigned char type) {
  return {.rtm_family = family_number(family),
          .rtm_dst_len = static_cast<std::uint8_t>(prefix_length),
          .rtm_table = RT_TABLE_LOCAL,
          .rtm_protocol = RTPROT_STATIC,
          .rtm_scope = static_cast<std::uint8_t>(type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK),
          .rtm_type = type};
}

}  // namespace

Result<void> set_link_up(int socket, unsigned index) {
  Request request(RTM_NEWLINK, 0);
  auto& link = request.put<ifinfomsg>();
  link.ifi_index = static_cast<int>(index);
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  return request.send(socket, "bring the link up");
}

Result<void> add_address(int socket, unsigned index, const Address& address, unsigned prefix_length) {
  Request request(RTM_NEWADDR, NLM_F_CREATE);
  auto& header = request.put<ifaddrmsg>();
  header.ifa_family = family_number(address.family());
  header.ifa_prefixlen = static_cast<std::uint8_t>(prefix_length);
  header.ifa_flags = IFA_F_NODAD;  // usable at once (RFC 4862 5.4 would make it wait)
  header.ifa_index = index;
  request.put(IFA_LOCAL, address);
  request.put(IFA_ADDRESS, address);
  return request.send(socket, "add address " + address.text());
}

Result<void> add_any_local_route(int socket, Family family) {
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  request.put<rtmsg>() = route_header(family, 0, RTN_LOCAL);
  request.put(RTA_OIF, kLoopbackIndex);
  return request.send(socket, "add the any-address route");
}

Result<void> add_link_route(int socket, unsigned index, const Address& network, unsigned prefix_length) {
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  request.put<rtmsg>() = route_header(network.family(), prefix_length, RTN_UNICAST);
  request.put(RTA_DST, network);
  request.put(RTA_OIF, index);
  return request.send(socket, "add route to " + network.text());
}

Result<void> add_veth(int socket, unsigned index, unsigned peer_index, int peer_net_ns) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.put<ifinfomsg>().ifi_index = static_cast<int>(index);
  request.put(IFLA_IFNAME, "near");
  nlattr* info = request.nest(IFLA_LINKINFO);
  request.put(IFLA_INFO_KIND, "veth");
  nlattr* data = request.nest(IFLA_INFO_DATA);
  nlattr* peer = request.nest(VETH_INFO_PEER);
  request.put<ifinfomsg>().ifi_index = static_cast<int>(peer_index);
  request.put(IFLA_IFNAME, "far");
  request.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_net_ns));
  request.end(peer);
  request.end(data);
  request.end(info);
  return request.send(socket, "add a veth pair");
}

}  // namespace selfconnect::rtnetlink
