// connect(2) and bind(2) on behalf of a process that waits in connect(2), so that its outcome is known at once. Used by the supervisor of the
// engine `notify` where nobody may capture packets.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <optional>

#include "harness/net/endpoint.h"

namespace selfconnect {

// What became of a connect().
struct ConnectOutcome {
  enum class How {
    kNotDialled,  // no SYN was sent: EADDRNOTAVAIL, EADDRINUSE, ...
    kPending,     // no answer within kLongestAnswer
    kRefused,
    kConnected,
  };
  How how = How::kPending;
  Endpoint source;                    // of the socket; what it was before, if it did not dial
  std::optional<Endpoint> connected;  // kConnected: the other end
  int error = 0;                      // kNotDialled: the errno
  std::chrono::steady_clock::time_point at;

  [[nodiscard]] bool to_itself() const { return connected == source; }
};

// How the call of the process is to be answered.
struct ConnectAnswer {
  ConnectOutcome outcome;
  // Goes on with its own connect(), for there is no answer yet and the socket is a blocking one. Otherwise `error`, an errno; 0:
  // none.
  bool goes_on = false;
  int error = 0;
};

// The answer of a network that ends on this machine comes before connect() returns, save under load.
inline constexpr std::chrono::milliseconds kLongestAnswer{250};

// `socket` is a copy of the one that the process dials with: TCP, neither connected nor connecting. It is O_NONBLOCK for
// the moment of the calls, and as before afterwards. Never blocks for longer than `patience`. The error of a non-blocking
// socket's connection (SO_ERROR) is left for the process; that of a blocking one's is the answer.
[[nodiscard]] ConnectAnswer watched_connect(int socket, const sockaddr_storage& destination,
                                            std::chrono::milliseconds patience = kLongestAnswer);

// bind(2), also where other sockets have the port, none of which listens there: those that have SO_REUSEADDR do not
// stand in its way, whatever this one has set. 0, or -1 and errno.
int bind_beside(int socket, const sockaddr_storage& address, socklen_t length);

}  // namespace selfconnect
