// SPDX-License-Identifier: MIT
#include "harness/peer/relay.h"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace selfconnect {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

tcp protocol_of(const Endpoint& endpoint) {
  return endpoint.address.family() == Family::kIpv4 ? tcp::v4() : tcp::v6();
}

// Copies one direction until it ends, then passes the end on.
asio::awaitable<void> copy(std::shared_ptr<tcp::socket> from, std::shared_ptr<tcp::socket> to) {
  std::array<char, 16 * 1024> buffer;
  boost::system::error_code ec;
  while (true) {
    const std::size_t size =
        co_await from->async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
    co_await asio::async_write(*to, asio::buffer(buffer, size),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
  }
  boost::system::error_code ignored;
  to->shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

struct Relay::State : std::enable_shared_from_this<Relay::State> {
  State(asio::io_context& io, const World& world_in, const Endpoint& server_in)
      : context(io), world(&world_in), server(server_in), acceptor(io) {}

  asio::awaitable<void> accept_all() {
    const auto self = shared_from_this();
    while (true) {
      boost::system::error_code ec;
      auto client = std::make_shared<tcp::socket>(context);
      co_await acceptor.async_accept(*client, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      connect(client);
    }
  }

  // The server is on the same machine: its answer to the SYN is there when connect() returns.
  void connect(const std::shared_ptr<tcp::socket>& client) {
    auto fd = world->socket(protocol_of(server).family(), SOCK_STREAM, 0, Network::kFar);
    sockaddr_storage storage{};
    const socklen_t length = server.to_sockaddr(storage);
    if (!fd || ::connect(fd->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return;
    auto upstream = std::make_shared<tcp::socket>(context, protocol_of(server), fd->release());
    asio::co_spawn(context, copy(client, upstream), asio::detached);
    asio::co_spawn(context, copy(upstream, client), asio::detached);
  }

  asio::io_context& context;
  const World* world;
  Endpoint server;
  tcp::acceptor acceptor;
};

Relay::Relay(asio::io_context& context, const World& world, UniqueFd listener, const Endpoint& server)
    : state_(std::make_shared<State>(context, world, server)) {
  state_->acceptor.assign(protocol_of(server), listener.release());
  asio::co_spawn(context, state_->accept_all(), asio::detached);
}

Relay::~Relay() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

}  // namespace selfconnect
