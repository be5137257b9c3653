// The end of a connection, from either side: shutdown(2), close(2), FIN, its ACK, RST, TIME_WAIT (RFC 9293, 3.6). After
// inet_shutdown(), __tcp_close() and tcp_rcv_state_process() of Linux 6.18.
// SPDX-License-Identifier: MIT
#include <cerrno>
#include <utility>

#include "fuzz/vnet/host.h"
#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

// inet_shutdown()
int TcpSocket::shutdown(int how) {
  if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
  if (phase_ == Phase::kConnecting) {
    const bool unanswered = state_ == TcpState::kSynSent || state_ == TcpState::kClose;
    phase_ = unanswered ? Phase::kDisconnecting : Phase::kConnected;
  }
  int result = 0;
  switch (state_) {
    case TcpState::kListen:
      if (how == SHUT_WR) break;
      [[fallthrough]];
    case TcpState::kSynSent:
      disconnect();
      phase_ = Phase::kUnconnected;
      break;
    case TcpState::kClose:
      result = -ENOTCONN;
      [[fallthrough]];
    default:
      receive_shut_ = receive_shut_ || how != SHUT_WR;
      send_shut_ = send_shut_ || how != SHUT_RD;
      if (how != SHUT_RD && is_sending() && start_close()) send_fin();
  }
  // The other end wakes up first.
  host_.network().deliver();
  wake(0);
  return result;
}

// tcp_close_state(): the next state of a close; whether it sends FIN.
bool TcpSocket::start_close() {
  switch (state_) {
    case TcpState::kEstablished:
      state_ = TcpState::kFinWait1;
      return true;
    case TcpState::kCloseWait:
      state_ = TcpState::kLastAck;
      return true;
    case TcpState::kSynSent:
    case TcpState::kListen:
      state_ = TcpState::kClose;
      return false;
    default:
      return false;
  }
}

void TcpSocket::send_fin() { host_.network().send(Network::Segment::kFin, *this); }

// Who comes to be established by way of SYN_RECV makes up for a shutdown() from before.
void TcpSocket::shut_in_syn_recv() {
  if (send_shut_ && start_close()) send_fin();
}

// __tcp_close()
void TcpSocket::release() {
  if (!far_) host_.overseer().closed(*this);
  const std::shared_ptr<TcpSocket> self = shared_from_this();
  orphan_ = receive_shut_ = send_shut_ = true;
  host_.timers().cancel(*this);
  if (state_ == TcpState::kListen) {
    state_ = TcpState::kClose;
    stop_listening();
  } else if (state_ == TcpState::kClose) {
    // Nothing to end.
  } else if (state_ != TcpState::kSynSent &&
             (!received_.empty() || (options.lingering.l_onoff != 0 && options.lingering.l_linger == 0))) {
    disconnect();
  } else if (start_close()) {
    send_fin();
  }
  received_.clear();
  if (state_ == TcpState::kClose) return close_now();
  if (state_ == TcpState::kFinWait2) enter_time_wait();
  host_.network().adopt(self);
}

// What is left of a socket without descriptors goes with its last reference.
void TcpSocket::close_now() {
  if (port_ != 0) unbind();
  if (peer_ != nullptr && peer_ != this) peer_->peer_ = nullptr;
  peer_ = nullptr;
}

// tcp_disconnect()
void TcpSocket::disconnect() {
  const TcpState before = std::exchange(state_, TcpState::kClose);
  host_.timers().cancel(*this);
  switch (before) {
    case TcpState::kListen:
      stop_listening();
      break;
    case TcpState::kEstablished:
    case TcpState::kCloseWait:
    case TcpState::kFinWait1:
    case TcpState::kFinWait2:
      if (peer_ != this) host_.network().send(Network::Segment::kReset, *this);
      error_ = ECONNRESET;
      break;
    case TcpState::kSynSent:
      error_ = ECONNRESET;
      break;
    default:
      break;
  }
  if (before != TcpState::kClose && !port_bound_ && port_ != 0) unbind();
  if (peer_ != nullptr && peer_ != this) peer_->peer_ = nullptr;
  peer_ = nullptr;
  received_.clear();
  remote_ = {};
  if (!address_bound_) local_.address = any_address();
  receive_shut_ = send_shut_ = end_seen_ = false;
  // The other ends wake up first.
  host_.network().deliver();
  wake(POLLERR);
}

int TcpSocket::dissolve() {
  disconnect();
  phase_ = Phase::kUnconnected;
  return 0;
}

// tcp_done()
void TcpSocket::done() {
  host_.timers().cancel(*this);
  state_ = TcpState::kClose;
  receive_shut_ = send_shut_ = true;
  if (peer_ != nullptr && peer_ != this) peer_->peer_ = nullptr;
  peer_ = nullptr;
  if (port_ != 0 && (orphan_ || !port_bound_)) unbind();
  wake(0);
}

// tcp_time_wait(). Of an orphan in FIN_WAIT2 the kernel keeps as much as of one in TIME_WAIT, and FIN or RST may still come to it.
void TcpSocket::enter_time_wait() {
  if (!far_) host_.network().ports().time_wait(*this, host_.now());
  if (orphan_ && state_ == TcpState::kFinWait2) {
    if (port_ != 0) unbind();
    return;
  }
  done();
}

bool TcpSocket::is_forgotten() const {
  return orphan_ && !far_ && state_ == TcpState::kFinWait2 &&
         !host_.network().ports().is_in_fin_wait2(local_, remote_, host_.now());
}

// tcp_fin()
void TcpSocket::take_fin() {
  host_.network().send(Network::Segment::kAckOfFin, *this);
  receive_shut_ = end_seen_ = true;
  switch (state_) {
    case TcpState::kEstablished:
      state_ = TcpState::kCloseWait;
      break;
    case TcpState::kFinWait1:  // simultaneous close, or to oneself
      state_ = TcpState::kClosing;
      break;
    case TcpState::kFinWait2:
      enter_time_wait();
      if (orphan_) done();
      break;
    default:
      break;
  }
  wake(0);
}

void TcpSocket::take_ack_of_fin() {
  switch (state_) {
    case TcpState::kFinWait1:
      state_ = TcpState::kFinWait2;
      send_shut_ = true;
      if (orphan_) enter_time_wait();
      return wake(0);
    case TcpState::kClosing:
      return enter_time_wait();
    case TcpState::kLastAck:
      return done();
    default:
      return;
  }
}

// tcp_reset()
void TcpSocket::take_reset() {
  switch (state_) {
    case TcpState::kClose:
      return;
    case TcpState::kSynSent:
      error_ = ECONNREFUSED;
      break;
    case TcpState::kCloseWait:
      error_ = EPIPE;
      break;
    case TcpState::kFinWait2:
      if (orphan_) host_.network().ports().end_time_wait(local_, remote_);  // tcp_timewait_state_process()
      [[fallthrough]];
    default:
      error_ = ECONNRESET;
  }
  done();
  wake(POLLERR);
}

}  // namespace selfconnect::vnet
