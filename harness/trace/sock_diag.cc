// SPDX-License-Identifier: MIT
#include "harness/trace/sock_diag.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness/world/netlink_answer.h"

namespace selfconnect {

namespace {

constexpr std::size_t kBufferSize = 32768;  // NLMSG_GOODSIZE of any page size, several times
using Buffer = std::array<char, kBufferSize>;

Endpoint endpoint_of(std::uint8_t family, const __be32 (&address)[4], __be16 port) {
  if (family == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), address, bytes.size());
    return {Address::v6(bytes), ntohs(port)};
  }
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), address, bytes.size());
  return {Address::v4(bytes), ntohs(port)};
}

struct Dump {
  std::uint16_t local_port = 0;
  Instant at{};
  std::vector<SocketLine> lines;
};

// Those of the port, in a state that has a name.
void take_line(const inet_diag_msg& line, Dump& dump) {
  const bool known_state = line.idiag_state >= static_cast<std::uint8_t>(TcpState::kEstablished) &&
                           line.idiag_state <= static_cast<std::uint8_t>(TcpState::kClosing);
  if (!known_state || ntohs(line.id.idiag_sport) != dump.local_port) return;
  if (dump.lines.size() >= SockDiag::kMaxLines) return;
  dump.lines.push_back({.at = dump.at,
                        .state = static_cast<TcpState>(line.idiag_state),
                        .local = endpoint_of(line.idiag_family, line.id.idiag_src, line.id.idiag_sport),
                        .remote = endpoint_of(line.idiag_family, line.id.idiag_dst, line.id.idiag_dport),
                        .inode = line.idiag_inode,
                        .receive_queue = line.idiag_rqueue,
                        .send_queue = line.idiag_wqueue});
}

// Begins a request about TCP sockets in all states.
inet_diag_req_v2& put_request(Buffer& buffer, std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                              Family family) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = sequence;
  auto& request =
      *static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
  request.sdiag_family = family == Family::kIpv4 ? AF_INET : AF_INET6;
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = UINT32_MAX;
  return request;
}

// Sends the request and reads its answers to the end (or to the acknowledgement).
Result<void> talk(int fd, Buffer& buffer, std::uint32_t sequence, Dump& dump) {
  const auto* request = reinterpret_cast<const nlmsghdr*>(buffer.data());
  const sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  if (sendto(fd, request, request->nlmsg_len, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) <
      0) {
    return std::unexpected(errno_error("sendto(NETLINK_SOCK_DIAG)"));
  }
  for (;;) {
    const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::unexpected(errno_error("recv(NETLINK_SOCK_DIAG)"));
    const auto more = netlink::read_sockets({buffer.data(), static_cast<std::size_t>(size)}, sequence,
                                            [&](const inet_diag_msg& line) { take_line(line, dump); });
    if (!more) return std::unexpected(errno_error("sock_diag", more.error()));
    if (*more == netlink::More::kEnds) return {};
  }
}

void put_endpoint(const Endpoint& endpoint, __be32 (&address)[4], __be16& port) {
  std::memcpy(address, endpoint.address.bytes().data(), endpoint.address.bytes().size());
  port = htons(endpoint.port);
}

}  // namespace

Result<std::vector<SocketLine>> SockDiag::sockets(std::uint16_t local_port, Instant at) {
  alignas(nlmsghdr) Buffer buffer;
  Dump dump{.local_port = local_port, .at = at};
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    auto& request = put_request(buffer, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, ++sequence_, family);
    request.id.idiag_sport = htons(local_port);  // the kernel lists no others; kernels that do are filtered
    if (auto done = talk(socket_.get(), buffer, sequence_, dump); !done) {
      return std::unexpected(done.error().during("list TCP sockets"));
    }
  }
  return std::move(dump.lines);
}

Result<std::optional<SocketLine>> SockDiag::self_connection(const Endpoint& endpoint, Instant at) {
  alignas(nlmsghdr) Buffer buffer;
  auto& request = put_request(buffer, SOCK_DIAG_BY_FAMILY, NLM_F_ACK, ++sequence_, endpoint.address.family());
  put_endpoint(endpoint, request.id.idiag_src, request.id.idiag_sport);
  put_endpoint(endpoint, request.id.idiag_dst, request.id.idiag_dport);
  request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  Dump found{.local_port = endpoint.port, .at = at};
  if (auto done = talk(socket_.get(), buffer, sequence_, found); !done && done.error().code != ENOENT) {
    return std::unexpected(done.error().during("look up " + endpoint.text()));
  }
  // Where there is no such connection the kernel may answer with a listener on the port.
  std::erase_if(found.lines, [](const SocketLine& line) { return line.local != line.remote; });
  if (found.lines.empty()) return std::nullopt;
  return found.lines.front();
}

Result<void> SockDiag::destroy(const SocketLine& line) {
  alignas(nlmsghdr) Buffer buffer;
  auto& request = put_request(buffer, SOCK_DESTROY, NLM_F_ACK, ++sequence_, line.local.address.family());
  put_endpoint(line.local, request.id.idiag_src, request.id.idiag_sport);
  put_endpoint(line.remote, request.id.idiag_dst, request.id.idiag_dport);
  request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  Dump none;
  if (auto done = talk(socket_.get(), buffer, sequence_, none); !done) {
    return std::unexpected(done.error().during("destroy " + line.text()));
  }
  return {};
}

}  // namespace selfconnect
