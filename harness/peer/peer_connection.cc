// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace selfconnect {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using What = PeerMove::What;

namespace {

// Bytes that have come and were not read. Unlike a look with MSG_PEEK it leaves the connection's error where it is.
int unread(int socket) {
  int bytes = 0;
  return ioctl(socket, FIONREAD, &bytes) == 0 ? bytes : 0;
}

}  // namespace

void Conduct::ended(PeerConnection& connection) { connection.close(); }

PeerConnection::PeerConnection(UniqueFd socket, std::unique_ptr<Conduct> conduct)
    : socket_(std::move(socket)), conduct_(std::move(conduct)) {}

void PeerConnection::serve(asio::io_context& context, std::function<void()> before_first_bytes,
                           std::function<void()> changed) {
  before_first_bytes_ = std::move(before_first_bytes);
  changed_ = std::move(changed);
  if (!socket_) return tell();
  descriptor_.emplace(context, socket_.release());
  conduct_->serve(*this);
  if (!unsent_.empty()) wait_to_write();
  wait_to_read();
  tell();
}

void PeerConnection::end() {
  before_first_bytes_ = changed_ = nullptr;
  close_descriptor();
}

bool PeerConnection::waits() {
  if (!is_open()) return true;
  return unsent_.empty() && conduct_->waits() && unread(fd()) == 0;
}

void PeerConnection::send(std::string_view bytes) {
  if (!is_open() || half_close_wanted_ || fin_sent_ || close_wanted_) return;
  bool last = false;
  if (most_sent_) {
    const std::uint64_t room = *most_sent_ - std::min(*most_sent_, view_.sent + unsent_.size());
    last = bytes.size() >= room;
    bytes = bytes.substr(0, room);
  }
  if (unsent_.size() + bytes.size() > kMostUnsent) return reset();
  unsent_ += bytes;
  flush();
  if (last) close();
}

void PeerConnection::flush() {
  while (is_open() && !unsent_.empty()) {
    const ssize_t size = ::send(fd(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return wait_to_write();
    if (size < 0) return lost(errno);
    note(What::kSent, static_cast<std::uint64_t>(size));
    unsent_.erase(0, static_cast<std::size_t>(size));
  }
  if (!is_open()) return;
  if (close_wanted_) {
    note(What::kFinSent);
    return close_descriptor();
  }
  if (half_close_wanted_ && shutdown(fd(), SHUT_WR) == 0) {
    half_close_wanted_ = false;
    fin_sent_ = true;
    note(What::kFinSent);
  }
  conduct_->flushed();
}

void PeerConnection::half_close() {
  half_close_wanted_ = true;
  if (unsent_.empty()) flush();
}

void PeerConnection::close() {
  close_wanted_ = true;
  if (unsent_.empty()) flush();
}

void PeerConnection::reset() {
  if (!is_open()) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  note(What::kResetSent);
  close_descriptor();
}

void PeerConnection::go_on() {
  paused_ = false;
  wait_to_read();
}

void PeerConnection::wait_to_read() {
  if (!descriptor_ || !is_open() || reading_ || paused_ || ended_) return;
  reading_ = true;
  descriptor_->async_wait(Descriptor::wait_read,
                          [weak = weak_from_this()](const boost::system::error_code& ec) {
                            const auto self = weak.lock();
                            if (!self) return;
                            self->reading_ = false;
                            if (ec || !self->is_open()) return;
                            self->take_bytes();
                            self->wait_to_read();
                            self->tell();
                          });
}

void PeerConnection::wait_to_write() {
  if (!descriptor_ || writing_) return;  // before serve(): which does it
  writing_ = true;
  descriptor_->async_wait(Descriptor::wait_write,
                          [weak = weak_from_this()](const boost::system::error_code& ec) {
                            const auto self = weak.lock();
                            if (!self) return;
                            self->writing_ = false;
                            if (ec || !self->is_open()) return;
                            self->flush();
                            self->tell();
                          });
}

void PeerConnection::take_bytes() {
  std::array<char, 16 * 1024> buffer;
  if (before_first_bytes_ && unread(fd()) > 0) std::exchange(before_first_bytes_, nullptr)();
  const ssize_t size = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) return lost(errno);
  if (size == 0) {
    note(What::kFinReceived);
    ended_ = true;
    return conduct_->ended(*this);
  }
  note(What::kReceived, static_cast<std::uint64_t>(size));
  conduct_->received(*this, {buffer.data(), static_cast<std::size_t>(size)});
}

void PeerConnection::note(What what, std::uint64_t bytes) {
  if (what == What::kReceived) view_.received += bytes;
  if (what == What::kSent) view_.sent += bytes;
  if (bytes > 0 && !view_.moves.empty() && view_.moves.back().what == what) {
    view_.moves.back().bytes += bytes;
  } else if (view_.moves.size() < kMostPeerMoves) {
    view_.moves.push_back({.what = what, .bytes = bytes});
  }
}

void PeerConnection::lost(int error) {
  if (error == ECONNRESET || error == EPIPE) note(What::kResetReceived);
  close_descriptor();
}

void PeerConnection::close_descriptor() {
  unsent_.clear();
  socket_.reset();
  boost::system::error_code ignored;
  if (descriptor_) descriptor_->close(ignored);
}

void PeerConnection::tell() {
  if (changed_) changed_();
}

}  // namespace selfconnect
