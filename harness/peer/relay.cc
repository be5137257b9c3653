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
#include <cstring>
#include <vector>

namespace selfconnect {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

tcp protocol_of(const Endpoint& endpoint) {
  return endpoint.address.family() == Family::kIpv4 ? tcp::v4() : tcp::v6();
}

struct Pair {
  explicit Pair(asio::io_context& context) : client(context), server(context) {}
  tcp::socket client;
  tcp::socket server;
};

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
      auto pair = std::make_shared<Pair>(context);
      co_await acceptor.async_accept(pair->client, asio::redirect_error(asio::use_awaitable, ec));
      if (ec || closed) co_return;
      std::erase_if(pairs, [](const std::weak_ptr<Pair>& one) { return one.expired(); });
      pairs.push_back(pair);
      asio::co_spawn(context, connect(pair), asio::detached);
    }
  }

  // Waits as long as it takes: a server whose backlog is full does not answer.
  asio::awaitable<void> connect(std::shared_ptr<Pair> pair) {
    const auto self = shared_from_this();
    if (closed) co_return;
    auto fd = world->socket(protocol_of(server).family(), SOCK_STREAM, 0, Network::kFar);
    if (!fd) co_return;
    pair->server.assign(protocol_of(server), fd->release());
    sockaddr_storage storage{};
    const socklen_t length = server.to_sockaddr(storage);
    tcp::endpoint destination;
    std::memcpy(destination.data(), &storage, length);
    boost::system::error_code ec;
    co_await pair->server.async_connect(destination, asio::redirect_error(asio::use_awaitable, ec));
    if (ec || closed) co_return;
    const std::shared_ptr<tcp::socket> near(pair, &pair->client);
    const std::shared_ptr<tcp::socket> far(pair, &pair->server);
    asio::co_spawn(context, copy(near, far), asio::detached);
    asio::co_spawn(context, copy(far, near), asio::detached);
  }

  void close() {
    closed = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    for (const std::weak_ptr<Pair>& one : pairs) {
      const auto pair = one.lock();
      if (!pair) continue;
      pair->client.close(ignored);
      pair->server.close(ignored);
    }
  }

  asio::io_context& context;
  const World* world;
  Endpoint server;
  tcp::acceptor acceptor;
  std::vector<std::weak_ptr<Pair>> pairs;
  bool closed = false;
};

Relay::Relay(asio::io_context& context, const World& world, UniqueFd listener, const Endpoint& server)
    : state_(std::make_shared<State>(context, world, server)) {
  state_->acceptor.assign(protocol_of(server), listener.release());
  asio::co_spawn(context, state_->accept_all(), asio::detached);
}

Relay::~Relay() { state_->close(); }

}  // namespace selfconnect
