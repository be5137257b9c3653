// One accepted connection of the far end: carries out the moves of its conduct, and keeps what was seen.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/peer/conduct.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// begin() on any one thread, then all else on the io_context's, which may have it handed over by post().
class PeerConnection : public std::enable_shared_from_this<PeerConnection> {
 public:
  static constexpr std::size_t kMostUnsent =
      4 << 20;  // bytes that wait to be sent; then the connection is reset

  // `socket`: accepted, non-blocking.
  PeerConnection(UniqueFd socket, std::unique_ptr<Conduct> conduct);
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  void begin() { conduct_->begin(*this); }
  // Reads from now on. `before_first_bytes` is called once, when the first bytes are there and nobody has read them; `changed` after
  // everything that happens.
  void serve(boost::asio::io_context& context, std::function<void()> before_first_bytes,
             std::function<void()> changed);
  // Closes it, if it is open still; nothing is called any more.
  void end();

  // Moves, for the conduct.
  void send(std::string_view bytes);
  void half_close();
  void close();
  void reset();
  // After so many bytes sent in all it is closed.
  void close_after(std::uint64_t bytes) { most_sent_ = bytes; }
  // No bytes are taken in until go_on().
  void pause() { paused_ = true; }
  void go_on();

  [[nodiscard]] bool is_open() const { return descriptor_ ? descriptor_->is_open() : bool(socket_); }
  [[nodiscard]] std::size_t unsent() const { return unsent_.size(); }
  [[nodiscard]] const PeerView& view() const { return view_; }
  // Nothing will happen on it unless the target does something.
  [[nodiscard]] bool waits();

 private:
  [[nodiscard]] int fd() { return descriptor_ ? descriptor_->native_handle() : socket_.get(); }
  void wait_to_read();
  void wait_to_write();
  void take_bytes();
  void flush();
  void note(PeerMove::What what, std::uint64_t bytes = 0);
  void lost(int error);
  void close_descriptor();
  void tell();

  UniqueFd socket_;  // until serve()
  std::optional<boost::asio::posix::stream_descriptor> descriptor_;
  std::unique_ptr<Conduct> conduct_;
  std::function<void()> before_first_bytes_, changed_;
  std::string unsent_;
  std::optional<std::uint64_t> most_sent_;
  bool half_close_wanted_ = false, close_wanted_ = false;  // when all has been sent
  bool fin_sent_ = false;
  bool reading_ = false, writing_ = false, paused_ = false, ended_ = false;
  PeerView view_;
};

}  // namespace selfconnect
