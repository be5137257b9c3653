// SPDX-License-Identifier: MIT
#include "harness/peer/builtin_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <list>
#include <utility>

namespace selfconnect {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

struct BuiltinPeer::State {
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // queued handlers cannot be cancelled
  State(asio::io_context& io, UniqueFd fd) : context(io), listener(io, fd.release()) { wait_for_clients(); }

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
      connections.emplace_back(context, fd);
      read_from(std::prev(connections.end()));
    }
  }

  void read_from(std::list<Descriptor>::iterator connection) {
    connection->async_wait(Descriptor::wait_read, [this, connection, life = std::weak_ptr(alive)](
                                                      const boost::system::error_code& ec) {
      if (ec || life.expired()) return;
      std::array<char, 16 * 1024> discarded;
      const ssize_t size = read(connection->native_handle(), discarded.data(), discarded.size());
      if (size > 0 || (size < 0 && errno == EAGAIN)) return read_from(connection);
      connections.erase(connection);
      if (!std::exchange(full, false)) return;
      wait_for_clients();
    });
  }

  asio::io_context& context;
  Descriptor listener;
  std::list<Descriptor> connections;
  bool full = false;  // nobody is accepted until one of them ends
};

BuiltinPeer::BuiltinPeer(asio::io_context& context, UniqueFd listener)
    : state_(std::make_unique<State>(context, std::move(listener))) {}

BuiltinPeer::~BuiltinPeer() = default;

}  // namespace selfconnect
