// SPDX-License-Identifier: MIT
#include "harness/world/tcp_metrics.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/tcp_metrics.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "harness/world/netlink_answer.h"
#include "harness/world/world.h"

namespace selfconnect {

namespace {

class Request {
 public:
  Request(std::uint16_t family, std::uint8_t command, std::uint8_t version) {
    header_->nlmsg_type = family;
    header_->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    auto& generic = *static_cast<genlmsghdr*>(mnl_nlmsg_put_extra_header(header_, sizeof(genlmsghdr)));
    generic.cmd = command;
    generic.version = version;
  }
  void put(std::uint16_t type, const char* text) { mnl_attr_put_strz(header_, type, text); }

  // Answers come before the acknowledgement, which ends it. The family that they tell; 0: none.
  Result<std::uint16_t> send(int netlink) {
    if (::send(netlink, header_, header_->nlmsg_len, 0) < 0)
      return std::unexpected(errno_error("send(genetlink)"));
    std::uint16_t family = 0;
    while (true) {
      const ssize_t size = recv(netlink, buffer_.data(), buffer_.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return std::unexpected(errno_error("recv(genetlink)"));
      const auto more = netlink::read_family({buffer_.data(), static_cast<std::size_t>(size)}, family);
      if (!more) return std::unexpected(errno_error("genetlink", more.error()));
      if (*more == netlink::More::kEnds) return family;
    }
  }

 private:
  alignas(nlmsghdr) std::array<char, 8192> buffer_;
  nlmsghdr* header_ = mnl_nlmsg_put_header(buffer_.data());
};

}  // namespace

Result<TcpMetrics> TcpMetrics::open(const World& world) {
  auto netlink = world.socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
  if (!netlink) return std::unexpected(netlink.error());
  Request request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
  request.put(CTRL_ATTR_FAMILY_NAME, TCP_METRICS_GENL_NAME);
  const auto family = request.send(netlink->get());
  if (!family) return std::unexpected(family.error().during("find tcp_metrics"));
  TcpMetrics metrics(std::move(*netlink), *family);
  const auto forgotten = metrics.forget_all();
  if (forgotten) return metrics;
  if (forgotten.error().code != EPERM) return std::unexpected(forgotten.error());
  if (auto set = world.set_sysctl("net/ipv4/tcp_no_metrics_save", "1"); !set)
    return std::unexpected(set.error());
  metrics.learns_ = false;
  return metrics;
}

Result<void> TcpMetrics::forget() { return learns_ ? forget_all() : Result<void>{}; }

Result<void> TcpMetrics::forget_all() {
  Request request(family_, TCP_METRICS_CMD_DEL, TCP_METRICS_GENL_VERSION);
  if (auto done = request.send(netlink_.get()); !done) {
    return std::unexpected(done.error().during("forget what TCP has learned"));
  }
  return {};
}

}  // namespace selfconnect
