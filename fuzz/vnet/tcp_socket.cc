// In the order of things of net/ipv4/tcp.c, af_inet.c and tcp_input.c of Linux 6.18: which check comes first decides which errno a
// client sees.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/tcp_socket.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "fuzz/vnet/host.h"

namespace selfconnect::vnet {

namespace {

constexpr short kReadable = POLLIN | POLLRDNORM, kWritable = POLLOUT | POLLWRNORM;
// What one end takes before the other has to wait: measured on a self-connected socket of Linux 6.18 that nobody reads.
constexpr std::size_t kCapacity = 3'932'160;
// tcp_syn_retries, tcp_syn_linear_timeouts.
constexpr int kSynRetries = 6, kLinearSyns = 4;

// TCP_TIMEOUT_MIN: two ticks, here of 4 ms.
constexpr Time kLeastTimeout = std::chrono::milliseconds(8);

// After the SYN that was sent again for the n-th time (0: the first one).
Time next_syn_after(int again) {
  return std::chrono::seconds(again <= kLinearSyns ? 1LL : 1LL << (again - kLinearSyns));
}

// How long they would go on if each wait were twice the one before: no SYN is sent again after that.
Time without_linear_syns(int retries) { return std::chrono::seconds((2LL << std::min(retries, 32)) - 1); }

}  // namespace

TcpSocket::TcpSocket(Host& host, Family family) : File(Kind::kTcp), host_(host), family_(family) {
  if (family == Family::kIpv6) local_.address = Address::v6({});
}

TcpSocket::~TcpSocket() {
  host_.timers().cancel(*this);
  host_.network().forget(*this);
  if (port_ != 0) unbind();
  if (peer_ != nullptr && peer_ != this) peer_->peer_ = nullptr;
}

bool TcpSocket::is_sending() const {
  return state_ == TcpState::kEstablished || state_ == TcpState::kCloseWait;
}

std::optional<Time> TcpSocket::limit(const std::optional<Time>& duration) const {
  if (!duration) return std::nullopt;
  return host_.now() + *duration;
}

int TcpSocket::take_error() { return std::exchange(error_, 0); }

void TcpSocket::unbind() { host_.network().ports().release(*this); }

Address TcpSocket::any_address() const { return family_ == Family::kIpv6 ? Address::v6({}) : Address(); }

int TcpSocket::bind(const Endpoint& address) {
  if (state_ != TcpState::kClose || port_ != 0) return -EINVAL;
  if (options.only_v6 && family_ == Family::kIpv6 && address.address.family() == Family::kIpv4)
    return -EINVAL;
  local_.address = address.address;
  if (const int error = host_.network().ports().bind(*this, address.port, host_.now()); error != 0) {
    local_.address = any_address();
    return error;
  }
  address_bound_ = std::ranges::any_of(address.address.bytes(), [](char byte) { return byte != 0; });
  if (address_bound_ && address.address.family() == Family::kIpv6) options.only_v6 = true;  // __inet6_bind()
  port_bound_ = address.port != 0;
  remote_ = {};
  return 0;
}

int TcpSocket::connect(const Endpoint& to, bool block) {
  int otherwise = -EALREADY;
  switch (phase_) {
    case Phase::kConnected:
      return -EISCONN;
    case Phase::kDisconnecting:
      return -EINVAL;
    case Phase::kConnecting:
      break;
    case Phase::kUnconnected:
      if (state_ != TcpState::kClose) return -EISCONN;
      if (const int error = start_connect(to); error != 0) return error;
      phase_ = Phase::kConnecting;
      otherwise = -EINPROGRESS;
  }
  if (state_ == TcpState::kSynSent) {
    // The far ends are not told before the call is over, so that none of them resets what connect() is about to report.
    if (block) host_.network().deliver();
    if (state_ == TcpState::kSynSent) {
      if (!block) return otherwise;
      host_.wait([&] { return state_ != TcpState::kSynSent; }, limit(options.send_limit));
      if (state_ == TcpState::kSynSent) return otherwise;
    }
  }
  return finish_connect();
}

int TcpSocket::finish_connect() {
  if (state_ != TcpState::kClose) {
    phase_ = Phase::kConnected;
    return 0;
  }
  const int error = take_error();
  phase_ = Phase::kUnconnected;
  disconnect();
  return error != 0 ? -error : -ECONNABORTED;
}

// ip_route_connect(): the local table of a host on which every IPv4 address is its own (route `local 0.0.0.0/0 dev lo`).
void TcpSocket::choose_addresses(Endpoint& to) {
  const auto is_any = [](const Address& address) {
    return std::ranges::all_of(address.bytes(), [](char byte) { return byte == 0; });
  };
  const bool bound = !is_any(local_.address);
  if (is_any(to.address)) {
    // tcp_v6_connect() asks for no address that it is bound to.
    to.address = bound && local_.address.family() == Family::kIpv4 && to.address.family() == Family::kIpv4
                     ? local_.address
                     : Address::loopback(to.address.family());
  }
  if (bound) return;
  const bool v4_loopback = plan_.source == Attempt::Source::kRouted && to.address.family() == Family::kIpv4 &&
                           to.address.bytes().front() == 127;
  local_.address = v4_loopback ? Address::loopback(Family::kIpv4) : to.address;
}

int TcpSocket::start_connect(Endpoint to) {
  if (options.only_v6 && family_ == Family::kIpv6 && to.address.family() == Family::kIpv4)
    return -ENETUNREACH;
  plan_ = host_.overseer().attempt(to);
  attempt_ = plan_.number;
  const Address before = local_.address;
  choose_addresses(to);
  remote_ = to;
  state_ = TcpState::kSynSent;
  Ports& ports = host_.network().ports();
  const int error = plan_.port == Attempt::Port::kExhausted ? -EADDRNOTAVAIL
                    : port_ != 0                            ? ports.connect_bound(*this)
                                                            : ports.connect(*this, plan_.port, host_.now());
  if (error != 0) {
    state_ = TcpState::kClose;
    if (!address_bound_) local_.address = before;
    if (port_ != 0 && !port_bound_) unbind();
    remote_ = {};
    return error;
  }
  // tcp_connect_init()
  error_ = 0;
  end_seen_ = false;
  syns_ = 0;
  first_syn_ = host_.now();
  host_.network().send(Network::Segment::kSyn, *this, nullptr);
  return 0;
}

void TcpSocket::wait_for_syn_answer() {
  Time wait = next_syn_after(syns_);
  if (options.user_limit) wait = std::min(wait, first_syn_ + *options.user_limit - host_.now());
  host_.timers().set(*this, host_.now() + wait);
}

// tcp_rcv_synsent_state_process(): the answer was an ACK of an earlier connection.
void TcpSocket::send_syn_again_soon() { host_.timers().set(*this, host_.now() + kLeastTimeout); }

// tcp_write_timeout()
void TcpSocket::expire() {
  if (state_ != TcpState::kSynSent) return;
  const int retries = options.syn_retries.value_or(kSynRetries);
  if (syns_ >= retries + kLinearSyns ||
      host_.now() - first_syn_ >= options.user_limit.value_or(without_linear_syns(retries))) {
    error_ = ETIMEDOUT;
    done();
    wake(POLLERR);
    return;
  }
  ++syns_;
  host_.network().send(Network::Segment::kSyn, *this, nullptr);
}

void TcpSocket::establish(TcpSocket& with) {
  host_.timers().cancel(*this);
  state_ = TcpState::kEstablished;
  peer_ = &with;
  if (!far_) host_.overseer().connected(*this);
  wake(0);
}

// Who comes to be established by way of SYN_RECV makes up for a shutdown() from before.
void TcpSocket::shut_in_syn_recv() {
  if (send_shut_ && start_close()) send_fin();
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

int TcpSocket::listen(int backlog) {
  if (phase_ != Phase::kUnconnected || (state_ != TcpState::kClose && state_ != TcpState::kListen))
    return -EINVAL;
  constexpr unsigned kMostBacklog = 4096;  // net.core.somaxconn
  backlog_ = std::min(static_cast<unsigned>(backlog), kMostBacklog);
  if (state_ == TcpState::kListen) return 0;
  Ports& ports = host_.network().ports();
  if (port_ == 0) {
    if (const int error = ports.bind(*this, 0, host_.now()); error != 0) return error;
  } else if (!ports.may_listen(*this, host_.now())) {
    return -EADDRINUSE;
  }
  state_ = TcpState::kListen;
  return 0;
}

void TcpSocket::stop_listening() {
  for (const auto& child : std::exchange(accept_queue_, {})) {
    child->orphan_ = true;
    child->disconnect();
  }
}

TcpSocket::Accepted TcpSocket::accept(bool block) {
  if (state_ != TcpState::kListen) return {.error = -EINVAL, .socket = nullptr};
  if (accept_queue_.empty()) {
    if (!block) return {.error = -EAGAIN, .socket = nullptr};
    const auto waited = host_.wait([&] { return !accept_queue_.empty() || state_ != TcpState::kListen; },
                                   limit(options.receive_limit));
    if (waited == Host::Waited::kStandstill) return {.error = -EDEADLK, .socket = nullptr};
    if (state_ != TcpState::kListen) return {.error = -EINVAL, .socket = nullptr};
    if (accept_queue_.empty()) return {.error = -EAGAIN, .socket = nullptr};
  }
  std::shared_ptr<TcpSocket> child = std::move(accept_queue_.front());
  accept_queue_.erase(accept_queue_.begin());
  return {.error = 0, .socket = std::move(child)};
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

// tcp_poll()
short TcpSocket::ready() const {
  if (state_ == TcpState::kListen) return accept_queue_.empty() ? 0 : kReadable;
  int mask = 0;
  if ((receive_shut_ && send_shut_) || state_ == TcpState::kClose) mask |= POLLHUP;
  if (receive_shut_) mask |= kReadable | POLLRDHUP;
  if (state_ != TcpState::kSynSent) {
    if (!received_.empty()) mask |= kReadable;
    if (send_shut_ || room() > 0) mask |= kWritable;
  }
  if (error_ != 0) mask |= POLLERR;
  return static_cast<short>(mask);
}

int TcpSocket::peer_name(Endpoint& name) const {
  if (remote_.port == 0 || state_ == TcpState::kClose || state_ == TcpState::kSynSent) return -ENOTCONN;
  name = remote_;
  return 0;
}

}  // namespace selfconnect::vnet
