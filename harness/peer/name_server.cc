// SPDX-License-Identifier: MIT
#include "harness/peer/name_server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>

namespace selfconnect {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr int kBurst = 64;  // queries answered before others have their turn

// One socket for both families: an IPv4 address comes as an IPv4-mapped one, and its IPV6_PKTINFO goes back as it
// came, so that the answer leaves from the address that was asked (a resolver drops it otherwise).
Result<UniqueFd> open_socket(const World& world) {
  auto socket = world.socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (!socket) return socket;
  const int on = 1;
  const int off = 0;
  if (setsockopt(socket->get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
      setsockopt(socket->get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) != 0) {
    return std::unexpected(errno_error("setsockopt of the name server"));
  }
  const sockaddr_in6 any{.sin6_family = AF_INET6, .sin6_port = htons(kDnsPort)};
  if (bind(socket->get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) {
    return std::unexpected(errno_error("bind to UDP port 53 of the world"));
  }
  return socket;
}

}  // namespace

struct NameServer::State {
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // queued handlers cannot be cancelled
  State(asio::io_context& context, UniqueFd fd) : socket(context, fd.release()) { wait(); }

  void wait() {
    socket.async_wait(asio::posix::descriptor_base::wait_read,
                      [this, life = std::weak_ptr(alive)](const boost::system::error_code& ec) {
                        if (ec || life.expired()) return;
                        for (int i = 0; i < kBurst && answer_one(); ++i) {
                        }
                        wait();
                      });
  }

  // False when there is nothing to read.
  bool answer_one() {
    std::array<char, 1500> buffer;
    alignas(cmsghdr) std::array<char, 256> ancillary{};
    sockaddr_storage client{};
    iovec data{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &client;
    message.msg_namelen = sizeof(client);
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    const ssize_t size = recvmsg(socket.native_handle(), &message, 0);
    if (size < 0) return false;
    auto reply = answer_query({buffer.data(), static_cast<std::size_t>(size)});
    if (!reply) return true;
    data = {reply->data(), reply->size()};
    (void)sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL);
    return true;
  }

  asio::posix::stream_descriptor socket;
};

NameServer::NameServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
NameServer::~NameServer() = default;

Result<std::unique_ptr<NameServer>> NameServer::start(asio::io_context& context, const World& world) {
  auto socket = open_socket(world);
  if (!socket) return std::unexpected(socket.error());
  return std::unique_ptr<NameServer>(new NameServer(std::make_unique<State>(context, std::move(*socket))));
}

}  // namespace selfconnect
