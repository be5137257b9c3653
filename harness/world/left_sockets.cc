// SPDX-License-Identifier: MIT
#include "harness/world/left_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <vector>

#include "harness/net/tcp_state.h"
#include "harness/world/netlink_answer.h"
#include "harness/world/world.h"

namespace selfconnect {

namespace {

using Buffer = std::array<char, 32768>;

// One connection, as the kernel names it.
struct Connection {
  std::uint8_t family = 0;
  inet_diag_sockid id{};
};
constexpr std::size_t kMostConnections = 65536;  // of one dump

// Those that may live without a descriptor: not LISTEN, not CLOSE. The old form of the request lists IPv4 and IPv6 in one
// walk through the kernel's table, which takes it longer than all the rest.
Result<std::vector<Connection>> list_connections(int netlink) {
  alignas(nlmsghdr) Buffer buffer;
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = TCPDIAG_GETSOCK;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto& request = *static_cast<inet_diag_req*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req)));
  request.idiag_family = AF_INET;
  constexpr auto bit = [](TcpState state) { return 1U << static_cast<unsigned>(state); };
  constexpr unsigned kNewSynReceived = 1U << 12;
  request.idiag_states = kNewSynReceived | bit(TcpState::kEstablished) | bit(TcpState::kSynSent) |
                         bit(TcpState::kSynReceived) | bit(TcpState::kFinWait1) | bit(TcpState::kFinWait2) |
                         bit(TcpState::kTimeWait) | bit(TcpState::kCloseWait) | bit(TcpState::kLastAck) |
                         bit(TcpState::kClosing);
  if (send(netlink, header, header->nlmsg_len, 0) < 0) return std::unexpected(errno_error("send(sock_diag)"));
  std::vector<Connection> connections;
  const auto take = [&](const inet_diag_msg& line) {
    if (connections.size() < kMostConnections) connections.push_back({line.idiag_family, line.id});
  };
  while (true) {
    const ssize_t size = recv(netlink, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::unexpected(errno_error("recv(sock_diag)"));
    const auto more = netlink::read_sockets({buffer.data(), static_cast<std::size_t>(size)}, 0, take);
    if (!more) return std::unexpected(errno_error("list the TCP sockets", more.error()));
    if (*more == netlink::More::kEnds) return connections;
  }
}

// The kernel answers to those requests only that it could not carry out. One that was gone by itself is none.
Result<void> take_errors(int netlink) {
  alignas(nlmsghdr) Buffer buffer;
  while (true) {
    const ssize_t size = recv(netlink, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return {};
    if (size < 0 && errno != EINTR && errno != ENOBUFS)
      return std::unexpected(errno_error("recv(sock_diag)"));
    if (size < 0) continue;
    const auto done = netlink::read_acknowledgement({buffer.data(), static_cast<std::size_t>(size)});
    if (!done && done.error() != ENOENT)
      return std::unexpected(errno_error("destroy a TCP socket", done.error()));
  }
}

// Many requests in one message.
Result<void> destroy(int netlink, const std::vector<Connection>& connections) {
  constexpr std::size_t kRequest = NLMSG_SPACE(sizeof(inet_diag_req_v2));
  alignas(nlmsghdr) Buffer buffer;
  std::size_t used = 0;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    nlmsghdr* header = mnl_nlmsg_put_header(buffer.data() + used);
    header->nlmsg_type = SOCK_DESTROY;
    header->nlmsg_flags = NLM_F_REQUEST;
    auto& request =
        *static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
    request.sdiag_family = connections[i].family;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = UINT32_MAX;
    request.id = connections[i].id;
    used += kRequest;
    if (used + kRequest <= buffer.size() && i + 1 < connections.size()) continue;
    if (send(netlink, buffer.data(), used, 0) < 0) return std::unexpected(errno_error("send(SOCK_DESTROY)"));
    if (auto done = take_errors(netlink); !done) return done;
    used = 0;
  }
  return {};
}

// The number behind `label`.
std::optional<std::size_t> number_after(std::string_view text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  const char* const begin = text.data() + at + label.size();
  std::size_t number = 0;
  if (std::from_chars(begin, text.data() + text.size(), number).ec != std::errc{}) return std::nullopt;
  return number;
}

}  // namespace

Result<SocketCount> parse_sockstat(std::string_view text) {
  const auto sockets = number_after(text, "sockets: used ");
  const std::size_t tcp = text.find("\nTCP: ");
  const auto time_wait = tcp == std::string_view::npos
                             ? std::nullopt
                             : number_after(text.substr(tcp + 1, text.find('\n', tcp + 1) - tcp - 1), " tw ");
  if (!sockets || !time_wait) return std::unexpected(error("read sockstat: it has another form"));
  return SocketCount{.sockets = *sockets, .time_wait = *time_wait};
}

Result<LeftSockets> LeftSockets::open(const World& world) {
  auto netlink = world.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  if (!netlink) return std::unexpected(netlink.error());
  const std::string path = fmt::format("/proc/{}/net/sockstat", world.init_pid());
  UniqueFd sockstat(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!sockstat) return std::unexpected(errno_error("open " + path));
  return LeftSockets(std::move(*netlink), std::move(sockstat));
}

Result<SocketCount> LeftSockets::count() const {
  std::array<char, 512> text;
  const ssize_t size = pread(sockstat_.get(), text.data(), text.size(), 0);
  if (size < 0) return std::unexpected(errno_error("read sockstat"));
  return parse_sockstat({text.data(), static_cast<std::size_t>(size)});
}

Result<void> LeftSockets::destroy_all_but(std::size_t expected) {
  constexpr int kRounds = 3;  // the end of one may leave another: its peer, in TIME-WAIT
  const SocketCount clean{.sockets = expected, .time_wait = 0};
  for (int round = 0;; ++round) {
    const auto counted = count();
    if (!counted) return std::unexpected(counted.error());
    if (*counted == clean) return {};
    const auto connections = round < kRounds ? list_connections(netlink_.get()) : std::vector<Connection>{};
    if (!connections) return std::unexpected(connections.error());
    if (connections->empty()) {
      return std::unexpected(Error{EAGAIN, fmt::format("{} sockets and {} in TIME-WAIT are left, not {}",
                                                       counted->sockets, counted->time_wait, expected)});
    }
    if (auto destroyed = destroy(netlink_.get(), *connections); !destroyed) return destroyed;
  }
}

}  // namespace selfconnect
