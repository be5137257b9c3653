// SPDX-License-Identifier: MIT
#include "harness/peer/builtin_peer.h"

#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <utility>

#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

struct BuiltinPeer::State {
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // queued handlers cannot be cancelled
  State(asio::io_context& io, UniqueFd fd, std::vector<Step> steps)
      : context(io),
        listener(io, fd.release()),
        service{.steps = std::move(steps), .socket = {}, .server = {}} {
    wait_for_clients();
  }

  ~State() {
    for (const auto& connection : connections) connection->end();
  }

  void wait_for_clients() {
    listener.async_wait(Descriptor::wait_read,
                        [this, life = std::weak_ptr(alive)](const boost::system::error_code& ec) {
                          if (ec || life.expired()) return;
                          accept_all();
                          if (!full) wait_for_clients();
                        });
  }

  void accept_all() {
    while (true) {
      full = connections.size() == kMaxConnections;
      if (full) return;
      const int fd = accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) {
        full = (errno == EMFILE || errno == ENFILE) && !connections.empty();
        return;
      }
      auto connection = std::make_shared<PeerConnection>(UniqueFd(fd), conduct_of(Event{}, context, service));
      connections.push_back(connection);
      connection->begin();
      connection->serve(context, nullptr, [this, life = std::weak_ptr(alive)] {
        if (!life.expired()) let_go_of_closed();
      });
    }
  }

  void let_go_of_closed() {
    const auto before = connections.size();
    std::erase_if(connections, [](const auto& connection) { return !connection->is_open(); });
    if (connections.size() < before && std::exchange(full, false)) wait_for_clients();
  }

  asio::io_context& context;
  Descriptor listener;
  Service service;
  std::vector<std::shared_ptr<PeerConnection>> connections;
  bool full = false;  // nobody is accepted until one of them ends
};

BuiltinPeer::BuiltinPeer(asio::io_context& context, UniqueFd listener, std::vector<Step> steps)
    : state_(std::make_unique<State>(context, std::move(listener), std::move(steps))) {}

BuiltinPeer::~BuiltinPeer() = default;

}  // namespace selfconnect
