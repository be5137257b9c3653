// Who holds which port of the virtual host: the rules of bind(2) and of the source port of connect(2), as Linux has them
// (net/ipv4/inet_connection_sock.c, inet_hashtables.c).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "fuzz/vnet/overseer.h"
#include "fuzz/vnet/small_vector.h"
#include "fuzz/vnet/virtual_time.h"
#include "harness/net/endpoint.h"

namespace selfconnect::vnet {

class TcpSocket;

inline constexpr Time kTimeWait = std::chrono::seconds(60);      // TCP_TIMEWAIT_LEN
inline constexpr Time kTimeWaitReuse = std::chrono::seconds(1);  // tcp_tw_reuse_delay, for loopback

class Ports {
 public:
  static constexpr std::uint16_t kFirst = 32768, kLast = 60999;  // ip_local_port_range

  // bind(2): takes `port` for `socket`, whose address is set; 0 picks one. 0, or -EADDRINUSE.
  int bind(TcpSocket& socket, std::uint16_t port, Time now);
  // The port of a connect() whose addresses are set and that holds none. 0 or -EADDRNOTAVAIL.
  int connect(TcpSocket& socket, Attempt::Port wanted, Time now);
  // A bound socket connects: 0, or -EADDRNOTAVAIL where that very connection is there already.
  // TIME_WAIT is not in its way, however young it is (tcp_twsk_unique()), and over then.
  int connect_bound(const TcpSocket& socket);
  // Again for listen(): others may have bound the port too, with SO_REUSEADDR.
  [[nodiscard]] bool may_listen(const TcpSocket& socket, Time now) const;
  // The listener that a SYN to `at` reaches: the one of that very address before one of any address; null: nobody.
  [[nodiscard]] TcpSocket* listener(const Endpoint& at) const;
  // The end of a connection, other than `but`, that is not closed; null: there is none.
  [[nodiscard]] TcpSocket* connection(const Endpoint& local, const Endpoint& remote,
                                      const TcpSocket* but = nullptr) const;
  void release(TcpSocket& socket);
  void time_wait(const TcpSocket& socket, Time now);
  // Whether an end that was closed first, and whose other end has not closed, is still remembered.
  [[nodiscard]] bool is_in_fin_wait2(const Endpoint& local, const Endpoint& remote, Time now) const;
  // RST has come, or a SYN that a listener answers. False: there is none.
  bool end_time_wait(const Endpoint& local, const Endpoint& remote);
  // An accepted connection shares its listener's port.
  void share(TcpSocket& socket);

 private:
  struct TimeWait {
    Endpoint local, remote;
    bool reuse_address = false, named = false;
    bool ended = false;  // by the other end too; else it stands for FIN_WAIT2
    Time since{};
  };
  [[nodiscard]] bool conflicts(const TcpSocket& socket, std::uint16_t port, Time now) const;
  [[nodiscard]] bool is_connection(const Endpoint& local, const TcpSocket& of, Time now) const;
  [[nodiscard]] bool is_named(std::uint16_t port, Time now) const;
  [[nodiscard]] bool may_connect_from(std::uint16_t port, const TcpSocket& socket, Time now) const;
  void hold(TcpSocket& socket, std::uint16_t port);
  void take(TcpSocket& socket,
            std::uint16_t port);  // for a connection, which may have an old one in TIME_WAIT
  std::uint16_t step();

  SmallVector<TcpSocket*, 8> holders_;
  SmallVector<TimeWait, 4> time_waits_;
  std::uint16_t next_ = kFirst;
};

}  // namespace selfconnect::vnet
