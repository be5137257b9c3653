// SPDX-License-Identifier: MIT
#include "harness/world/netlink_answer.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace selfconnect::netlink {

namespace {

using TakeSocket = std::function<void(const inet_diag_msg&)>;

// Whole messages one after another. libmnl takes a length of 2^31 or more for a negative one, and goes there.
bool well_formed(Datagram datagram) {
  while (!datagram.empty()) {
    nlmsghdr header;
    if (datagram.size() < sizeof header) return false;
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return false;
    datagram = datagram.subspan(std::min<std::size_t>(datagram.size(), NLMSG_ALIGN(header.nlmsg_len)));
  }
  return true;
}

Answer read(Datagram datagram, std::uint32_t sequence, mnl_cb_t take, void* data) {
  if (!well_formed(datagram)) return std::unexpected(EBADMSG);
  const int more = mnl_cb_run(datagram.data(), datagram.size(), sequence, 0, take, data);
  if (more < 0) return std::unexpected(errno);
  return more == MNL_CB_STOP ? More::kEnds : More::kFollows;
}

int take_socket(const nlmsghdr* header, void* data) {
  if (mnl_nlmsg_get_payload_len(header) < sizeof(inet_diag_msg)) return MNL_CB_OK;
  (*static_cast<const TakeSocket*>(data))(*static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(header)));
  return MNL_CB_OK;
}

int take_attribute(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID &&
      mnl_attr_validate(attribute, MNL_TYPE_U16) == 0) {
    *static_cast<std::uint16_t*>(data) = mnl_attr_get_u16(attribute);
  }
  return MNL_CB_OK;
}

int take_family(const nlmsghdr* header, void* data) {
  return mnl_attr_parse(header, sizeof(genlmsghdr), take_attribute, data);
}

}  // namespace

Answer read_acknowledgement(Datagram datagram, std::uint32_t sequence) {
  return read(datagram, sequence, nullptr, nullptr);
}

Answer read_sockets(Datagram datagram, std::uint32_t sequence, const TakeSocket& take) {
  return read(datagram, sequence, take_socket, const_cast<TakeSocket*>(&take));
}

Answer read_family(Datagram datagram, std::uint16_t& family) {
  return read(datagram, 0, take_family, &family);
}

}  // namespace selfconnect::netlink
