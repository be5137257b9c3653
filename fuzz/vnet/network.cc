// SPDX-License-Identifier: MIT
#include "fuzz/vnet/network.h"

#include <poll.h>

#include <utility>

#include "fuzz/vnet/host.h"

namespace selfconnect::vnet {

namespace {

std::string_view name_of(Network::Segment segment) {
  switch (segment) {
    case Network::Segment::kSyn:
      return "SYN";
    case Network::Segment::kFin:
      return "FIN";
    case Network::Segment::kAckOfFin:
      return "ACK";
    case Network::Segment::kReset:
      return "RST";
  }
  return "";
}

}  // namespace

Network::Network(Host& host) : host_(host), open_(&host.memory()), closed_(&host.memory()) {}

Network::~Network() {
  // Before the ports: sockets let go of theirs.
  open_.clear();
  closed_.clear();
  orphans_.clear();
}

void Network::send(Segment segment, TcpSocket& from) { send(segment, from, from.peer_); }

void Network::send(Segment segment, TcpSocket& from, TcpSocket* to) {
  under_way_.push_back({.segment = segment, .from = &from, .to = to});
  if (host_.trace != nullptr) host_.note_segment(name_of(segment), from.local(), from.remote(), {});
}

void Network::forget(TcpSocket& socket) {
  for (std::size_t index = next_; index < under_way_.size(); ++index) {
    UnderWay& segment = under_way_[index];
    if (segment.from == &socket) segment.from = nullptr;
    // A segment to nobody is answered with RST; a SYN has looked for nobody yet.
    if (segment.to == &socket) segment.to = nullptr;
  }
}

void Network::adopt(std::shared_ptr<TcpSocket> orphan) { orphans_.push_back(std::move(orphan)); }

void Network::deliver() {
  while (next_ < under_way_.size()) {
    const UnderWay segment = under_way_[next_++];
    arrive(segment);
  }
  under_way_.clear();
  next_ = 0;
  if (!orphans_.empty()) {
    erase_if(orphans_, [](const auto& orphan) { return orphan->state_ == TcpState::kClose; });
  }
}

void Network::settle() {
  bool moved = true;
  while (moved) {
    deliver();
    moved = false;
    for (auto next = open_.begin(); next != open_.end();) {
      const auto connection = next++;
      if (connection->go_on()) moved = true;
      if (!connection->is_open()) closed_.splice(closed_.end(), open_, connection);
    }
  }
}

void Network::arrive(const UnderWay& segment) {
  if (segment.segment == Segment::kSyn) {
    if (segment.from != nullptr && segment.from->state_ == TcpState::kSynSent) arrive_syn(*segment.from);
    return;
  }
  if (segment.to == nullptr || segment.to->is_forgotten()) {
    if (segment.segment != Segment::kReset && segment.from != nullptr) segment.from->take_reset();
    return;
  }
  switch (segment.segment) {
    case Segment::kFin:
      return segment.to->take_fin();
    case Segment::kAckOfFin:
      return segment.to->take_ack_of_fin();
    default:
      return segment.to->take_reset();
  }
}

void Network::arrive_syn(TcpSocket& from) {
  if (from.is_connected_to_itself()) return open_at_once(from, from);
  switch (from.plan_.syn) {
    case Attempt::Syn::kDropped:
      return from.wait_for_syn_answer();
    case Attempt::Syn::kRefused:
      if (host_.trace != nullptr) host_.note_segment("RST", from.remote(), from.local(), {});
      return from.take_reset();
    case Attempt::Syn::kAccepted: {
      auto far = host_.make_socket(from.family());
      far->far_ = true;
      far->local_ = from.remote();
      far->remote_ = from.local();
      if (host_.trace != nullptr) host_.note_segment("SYN-ACK", far->local(), far->remote(), {});
      far->establish(from);
      from.establish(*far);
      open_.emplace_back(std::move(far), std::move(from.plan_.far_end));
      host_.overseer().accepted(from, open_.back());
      return;
    }
    case Attempt::Syn::kToHost:
      if (TcpSocket* there = ports_.connection(from.remote(), from.local())) {
        if (there->state_ == TcpState::kSynSent) return open_at_once(from, *there);
        // The other end of a connection from that very port: it answers with a challenge ACK (RFC 5961, 4.2), gets a RST for that,
        // and believes it.
        there->take_reset();
        return from.send_syn_again_soon();
      }
      if (TcpSocket* listener = ports_.listener(from.remote())) return answer_syn(from, *listener);
      // TCP_TW_SYN without a listener: an ACK, which is answered with a RST, which ends it.
      if (ports_.end_time_wait(from.remote(), from.local())) return from.send_syn_again_soon();
      if (host_.trace != nullptr) host_.note_segment("RST", from.remote(), from.local(), {});
      return from.take_reset();
  }
}

// Simultaneous open (RFC 9293, 3.5): a SYN has come to a socket that has sent one itself, to where this one is from.
void Network::open_at_once(TcpSocket& from, TcpSocket& to) {
  if (host_.trace != nullptr) host_.note_segment("SYN-ACK", to.local(), to.remote(), {});
  to.establish(from);
  if (&from != &to) from.establish(to);
  to.shut_in_syn_recv();
}

void Network::answer_syn(TcpSocket& from, TcpSocket& listener) {
  if (listener.accept_queue_.size() > listener.backlog_) return from.wait_for_syn_answer();
  auto child = host_.make_socket(listener.family());
  child->options = listener.options;
  child->local_ = from.remote();
  child->remote_ = from.local();
  child->phase_ = TcpSocket::Phase::kConnected;
  child->address_bound_ = listener.address_bound_;
  child->receive_shut_ = listener.receive_shut_;
  child->send_shut_ = listener.send_shut_;
  ports_.end_time_wait(child->local_, child->remote_);  // TCP_TW_SYN
  if (host_.trace != nullptr) host_.note_segment("SYN-ACK", child->local(), child->remote(), {});
  child->establish(from);
  from.establish(*child);
  ports_.share(*child);
  child->shut_in_syn_recv();
  listener.accept_queue_.push_back(std::move(child));
  listener.wake(POLLIN | POLLRDNORM | POLLPRI | POLLRDBAND);
}

}  // namespace selfconnect::vnet
