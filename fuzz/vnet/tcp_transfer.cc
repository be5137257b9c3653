// Bytes: what is sent, what comes, what is read. After tcp_sendmsg() and tcp_recvmsg() of Linux 6.18.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <csignal>

#include "fuzz/vnet/host.h"
#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

namespace {

// What one end takes before the other has to wait: measured on a self-connected socket of Linux 6.18 that nobody reads.
constexpr std::size_t kCapacity = 3'932'160;

}  // namespace

bool TcpSocket::is_sending() const {
  return state_ == TcpState::kEstablished || state_ == TcpState::kCloseWait;
}

std::size_t TcpSocket::room() const {
  if (peer_ == nullptr) return kCapacity;
  return kCapacity - std::min(kCapacity, peer_->received_.size());
}

// sk_stream_wait_connect()
int TcpSocket::wait_to_send(std::optional<Time> until, bool block) {
  while (!is_sending()) {
    if (error_ != 0) return -take_error();
    if (state_ != TcpState::kSynSent) return -EPIPE;
    if (!block) return -EAGAIN;
    switch (host_.wait([&] { return state_ != TcpState::kSynSent; }, until)) {
      case Host::Waited::kCame:
        break;
      case Host::Waited::kTimeout:
        return -EAGAIN;
      case Host::Waited::kStandstill:
        return -EDEADLK;
    }
  }
  return 0;
}

ssize_t TcpSocket::fail_to_send(int error, const Transfer& how) {
  if (error == -EPIPE) {
    if (error_ != 0) return -take_error();
    if (!how.no_signal) host_.overseer().raised(SIGPIPE);
  }
  return error;
}

ssize_t TcpSocket::send(std::string_view bytes, const Transfer& how) {
  const std::optional<Time> until = limit(options.send_limit);
  if (const int error = wait_to_send(until, how.block); error != 0) return fail_to_send(error, how);
  std::size_t sent = 0;
  while (true) {
    if (error_ != 0 || send_shut_) return sent > 0 ? static_cast<ssize_t>(sent) : fail_to_send(-EPIPE, how);
    const std::string_view part = bytes.substr(sent, far_ ? std::string_view::npos : room());
    if (!part.empty()) {
      if (!far_) host_.overseer().wrote(*this, part);
      if (host_.trace != nullptr) host_.note_segment("DATA", local_, remote_, part);
      sent += part.size();
      if (peer_ != nullptr) {
        peer_->take(part);
      } else {
        host_.network().send(Network::Segment::kReset, *this, this);
      }
    }
    if (sent == bytes.size()) return static_cast<ssize_t>(sent);
    if (!how.block) return sent > 0 ? static_cast<ssize_t>(sent) : -EAGAIN;
    switch (host_.wait([&] { return error_ != 0 || send_shut_ || room() > 0; }, until)) {
      case Host::Waited::kCame:
        break;
      case Host::Waited::kTimeout:
        return sent > 0 ? static_cast<ssize_t>(sent) : -EAGAIN;
      case Host::Waited::kStandstill:
        return sent > 0 ? static_cast<ssize_t>(sent) : -EDEADLK;
    }
  }
}

ssize_t TcpSocket::receive(char* into, std::size_t size, const Transfer& how) {
  if (state_ == TcpState::kListen) return -ENOTCONN;
  const std::optional<Time> until = limit(options.receive_limit);
  const std::size_t wanted = std::max<std::size_t>(1, how.all ? size : std::min<std::size_t>(1, size));
  std::size_t copied = 0;
  while (true) {
    const std::size_t seen = how.peek ? copied : 0;  // what stays in the queue
    if (received_.size() > seen) {
      const std::string_view part = received_.view().substr(seen, size - copied);
      if (!how.discard) std::copy(part.begin(), part.end(), into + copied);
      copied += part.size();
      if (!how.peek) {
        if (!far_ && !part.empty()) host_.overseer().was_read(*this, part);
        const bool was_full = peer_ != nullptr && peer_->room() == 0;
        received_.pop(part.size());
        if (was_full) peer_->wake(kWritable);
      }
      if (copied == size) break;
    }
    if (copied >= wanted) break;
    const bool over = error_ != 0 || receive_shut_ || state_ == TcpState::kClose;
    if (copied > 0 && (over || !how.block)) break;
    if (copied == 0) {
      if (end_seen_) break;
      if (error_ != 0) return -take_error();
      if (receive_shut_) break;
      if (state_ == TcpState::kClose) return -ENOTCONN;
      if (!how.block) return -EAGAIN;
    }
    const auto waited = host_.wait(
        [&] {
          return received_.size() > (how.peek ? copied : 0) || error_ != 0 || receive_shut_ ||
                 state_ == TcpState::kClose;
        },
        until);
    if (waited == Host::Waited::kCame) continue;
    if (copied > 0) break;
    if (waited == Host::Waited::kStandstill) return -EDEADLK;
    return size == 0 ? 0 : -EAGAIN;
  }
  return static_cast<ssize_t>(copied);
}

void TcpSocket::take(std::string_view bytes) {
  switch (state_) {
    case TcpState::kFinWait1:
    case TcpState::kFinWait2:
      if (receive_shut_) {  // RFC 1122, 4.2.2.13: nobody will read it
        if (!far_) host_.network().ports().end_time_wait(local_, remote_);
        host_.network().send(Network::Segment::kReset, *this);
        return take_reset();
      }
      [[fallthrough]];
    case TcpState::kEstablished:
      received_.push(bytes);
      return wake(kReadable | POLLPRI | POLLRDBAND);  // sock_def_readable()
    default:
      return;
  }
}

}  // namespace selfconnect::vnet
