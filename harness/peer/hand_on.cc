// The event `serve` with a real server: what comes goes there, and its answers come back.
// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <optional>

#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::size_t kMuch =
    256 * 1024;  // bytes in one direction that wait to be passed on: no more are taken in

class HandOn : public Conduct {
 public:
  HandOn(boost::asio::io_context& context, Service service)
      : context_(context), service_(std::move(service)) {}

 private:
  void serve(PeerConnection& connection) override {
    client_ = &connection;
    auto socket = service_.socket();
    if (!socket) return connection.reset();
    sockaddr_storage storage{};
    const socklen_t length = service_.server.to_sockaddr(storage);
    server_.emplace(context_, socket->release());
    server_->native_non_blocking(true);
    if (connect(server_->native_handle(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
        errno != EINPROGRESS) {
      return connection.reset();
    }
    wait_to_write();
    wait_to_read();
  }

  void received(PeerConnection& connection, std::string_view bytes) override {
    to_server_ += bytes;
    if (to_server_.size() > kMuch) connection.pause();
    wait_to_write();
  }

  void ended(PeerConnection& connection) override {
    client_ended_ = true;
    if (!server_ || !server_->is_open()) return connection.close();
    wait_to_write();
  }

  void flushed() override { wait_to_read(); }

  // The server may say something at any time.
  [[nodiscard]] bool waits() const override { return !server_ || !server_->is_open(); }

  void wait_to_write() {
    if (!server_ || !server_->is_open() || writing_) return;
    writing_ = true;
    server_->async_wait(Descriptor::wait_write,
                        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
                          if (ec || alive.expired()) return;
                          writing_ = false;
                          write();
                        });
  }

  void write() {
    while (!to_server_.empty()) {
      const ssize_t size =
          send(server_->native_handle(), to_server_.data(), to_server_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN) return wait_to_write();
      if (size < 0) return client_->reset();  // the server has gone
      to_server_.erase(0, static_cast<std::size_t>(size));
    }
    if (client_ended_) shutdown(server_->native_handle(), SHUT_WR);
    if (!client_ended_) client_->go_on();
  }

  void wait_to_read() {
    if (!server_ || !server_->is_open() || reading_ || client_->unsent() > kMuch) return;
    reading_ = true;
    server_->async_wait(Descriptor::wait_read,
                        [this, alive = std::weak_ptr(alive_)](const boost::system::error_code& ec) {
                          if (ec || alive.expired()) return;
                          reading_ = false;
                          read();
                        });
  }

  void read() {
    std::array<char, 16 * 1024> buffer;
    const ssize_t size = recv(server_->native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return wait_to_read();
    if (size > 0) {
      client_->send({buffer.data(), static_cast<std::size_t>(size)});
      return wait_to_read();
    }
    boost::system::error_code ignored;
    server_->close(ignored);
    if (size < 0) return client_->reset();
    if (client_ended_) return client_->close();
    client_->half_close();
  }

  // Handlers that are queued already cannot be cancelled.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  boost::asio::io_context& context_;
  Service service_;
  PeerConnection* client_ = nullptr;
  std::optional<Descriptor> server_;
  std::string to_server_;
  bool client_ended_ = false, reading_ = false, writing_ = false;
};

}  // namespace

std::unique_ptr<Conduct> hand_on(boost::asio::io_context& context, const Service& service) {
  return std::make_unique<HandOn>(context, service);
}

}  // namespace selfconnect
