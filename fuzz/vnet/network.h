// What lies between the sockets of a virtual host, and between them and the far ends: segments under way, ports, TIME_WAIT. Loopback's
// order of things: what a call sends arrives when the call is over or waits, first come first served, and nothing is lost.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <memory_resource>

#include "fuzz/vnet/far_end.h"
#include "fuzz/vnet/ports.h"
#include "fuzz/vnet/small_vector.h"
#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

class Host;

class Network {
 public:
  explicit Network(Host& host);
  ~Network();

  // Everything under way arrives, and far ends act, until nothing moves any more.
  void settle();
  // Segments only: the far ends have not been told yet.
  void deliver();

  [[nodiscard]] Ports& ports() { return ports_; }

  // For TcpSocket.
  enum class Segment : std::uint8_t { kSyn, kFin, kAckOfFin, kReset };
  void send(Segment segment, TcpSocket& from);  // to wherever it is connected
  void send(Segment segment, TcpSocket& from, TcpSocket* to);
  void forget(TcpSocket& socket);                 // it is no more
  void adopt(std::shared_ptr<TcpSocket> orphan);  // closed by the client, kept until it is done

 private:
  struct UnderWay {
    Segment segment;
    TcpSocket* from;  // null: it is no more
    TcpSocket* to;    // null: whoever listens there, for a SYN; else nobody, and the answer is RST
  };
  void arrive(const UnderWay& segment);
  void arrive_syn(TcpSocket& from);
  void open_at_once(TcpSocket& from, TcpSocket& to);
  void answer_syn(TcpSocket& from, TcpSocket& listener);

  Host& host_;
  Ports ports_;
  SmallVector<UnderWay, 8> under_way_;
  std::size_t next_ = 0;  // of under_way_
  SmallVector<std::shared_ptr<TcpSocket>, 4> orphans_;
  // In the order in which they were accepted.
  std::pmr::list<FarConnection> open_, closed_;
};

}  // namespace selfconnect::vnet
