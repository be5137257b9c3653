// One end of a virtual TCP connection, or a listener: what Linux's struct sock is to a client. The calls return what the
// kernel's do: 0 or more, or an errno below 0. Held against the kernel, call by call, by the conformance suite. In four files:
// tcp_socket.cc, tcp_connect.cc, tcp_transfer.cc, tcp_close.cc.
//
//   connect() -> SYN_SENT -> ESTABLISHED -> FIN_WAIT1, FIN_WAIT2, CLOSING -> TIME_WAIT -> CLOSE      (RFC 9293, 3.3.2)
//                                        -> CLOSE_WAIT -> LAST_ACK                     -> CLOSE
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/vnet/byte_queue.h"
#include "fuzz/vnet/file.h"
#include "fuzz/vnet/overseer.h"
#include "fuzz/vnet/small_vector.h"
#include "fuzz/vnet/virtual_time.h"
#include "harness/net/endpoint.h"
#include "harness/net/tcp_state.h"

namespace selfconnect::vnet {

class Host;

// What setsockopt(2) has set, as far as it matters here; all else is kept in `others` to be given back.
struct SocketOptions {
  bool reuse_address = false;
  bool only_v6 = false;
  linger lingering{};
  std::optional<Time> receive_limit;  // SO_RCVTIMEO, SO_SNDTIMEO; none: no limit
  std::optional<Time> send_limit;
  std::optional<int> syn_retries;  // TCP_SYNCNT
  std::optional<Time> user_limit;  // TCP_USER_TIMEOUT
  struct Other {
    int level = 0, name = 0, value = 0;
  };
  SmallVector<Other, 4> others;
};

class TcpSocket final : public File, public Timed, public std::enable_shared_from_this<TcpSocket> {
 public:
  TcpSocket(Host& host, Family family);
  ~TcpSocket() override;

  // As the calls of these names. `address`: of its family, or IPv4 in an IPv6 socket (mapped). `block`: whether the call may
  // wait (neither O_NONBLOCK nor MSG_DONTWAIT).
  int bind(const Endpoint& address);
  int connect(const Endpoint& to, bool block);
  // Whether connect() would start an attempt, rather than ask after one.
  [[nodiscard]] bool is_to_start() const {
    return phase_ == Phase::kUnconnected && state_ == TcpState::kClose;
  }
  int dissolve();  // connect() to AF_UNSPEC
  int listen(int backlog);
  struct Accepted {
    int error = 0;  // below 0
    std::shared_ptr<TcpSocket> socket;
  };
  Accepted accept(bool block);
  struct Transfer {
    bool block = true;
    bool peek = false;       // MSG_PEEK
    bool all = false;        // MSG_WAITALL
    bool discard = false;    // MSG_TRUNC: the bytes are thrown away
    bool no_signal = false;  // MSG_NOSIGNAL
  };
  ssize_t receive(char* into, std::size_t size, const Transfer& how);
  // EPIPE without no_signal also raises SIGPIPE.
  ssize_t send(std::string_view bytes, const Transfer& how);
  int shutdown(int how);
  void release() override;  // close()
  [[nodiscard]] short ready() const override;
  int take_error();  // SO_ERROR: an errno, and it is gone
  [[nodiscard]] int peer_name(Endpoint& name) const;
  [[nodiscard]] TcpState state() const { return state_; }
  [[nodiscard]] std::size_t unread() const { return received_.size(); }  // FIONREAD
  [[nodiscard]] bool is_bound() const { return port_ != 0; }
  [[nodiscard]] Family family() const { return family_; }
  // Also after it has ended.
  [[nodiscard]] bool is_connected_to_itself() const { return remote_.port != 0 && local_ == remote_; }
  SocketOptions options;
  // From Attempt::number; 0 for one that has not dialled.
  [[nodiscard]] std::uint64_t attempt() const { return attempt_; }
  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] const Endpoint& remote() const { return remote_; }

 private:
  friend class Network;
  friend class Ports;
  static constexpr short kReadable = POLLIN | POLLRDNORM, kWritable = POLLOUT | POLLWRNORM;
  // sock->state of the kernel, enum socket_state.
  enum class Phase : std::uint8_t { kUnconnected, kConnecting, kConnected, kDisconnecting };

  void expire() override;  // nobody has answered the last SYN
  // An orphan in FIN_WAIT2 for longer than tcp_fin_timeout: what arrives for it finds nobody.
  [[nodiscard]] bool is_forgotten() const;
  // What arrives.
  void take(std::string_view bytes);
  void take_fin();
  void take_ack_of_fin();
  void take_reset();

  // ... and what the kernel does of it.
  [[nodiscard]] Address any_address() const;
  int start_connect(Endpoint to);
  void choose_addresses(Endpoint& to);
  int finish_connect();
  void disconnect();
  void establish(TcpSocket& with);
  void close_now();
  void done();
  void enter_time_wait();
  void send_fin();
  void shut_in_syn_recv();
  bool start_close();
  void stop_listening();
  void unbind();
  void wait_for_syn_answer();
  void send_syn_again_soon();
  [[nodiscard]] bool is_sending() const;   // ESTABLISHED or CLOSE_WAIT
  [[nodiscard]] std::size_t room() const;  // bytes that the other end can take
  int wait_to_send(std::optional<Time> limit, bool block);
  ssize_t fail_to_send(int error, const Transfer& how);
  [[nodiscard]] std::optional<Time> limit(const std::optional<Time>& duration) const;

  Host& host_;
  const Family family_;
  TcpState state_ = TcpState::kClose;
  Phase phase_ = Phase::kUnconnected;
  bool receive_shut_ = false, send_shut_ = false;
  bool end_seen_ = false;  // SOCK_DONE: the other end's FIN has come
  bool orphan_ = false;    // SOCK_DEAD: closed by the client, and not done yet
  bool far_ = false;       // the far end's: has no port on this host
  int error_ = 0;          // sk_err
  Endpoint local_, remote_;
  bool address_bound_ = false, port_bound_ = false;  // SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK
  bool port_named_ = false;  // it got its port other than by connect(): the bucket's fastreuse is not -1
  std::uint16_t port_ = 0;   // inet_num: the port it holds, 0 for none
  std::uint64_t attempt_ = 0;
  TcpSocket* peer_ = nullptr;  // the other end; this, when connected to itself
  ByteQueue received_;
  int syns_ = 0;  // sent again
  Time first_syn_{};
  Attempt plan_;
  std::vector<std::shared_ptr<TcpSocket>> accept_queue_;  // no std::deque: that takes memory for each socket
  std::size_t backlog_ = 0;
};

}  // namespace selfconnect::vnet
