// What the engine `notify` asks whoever decides the ports, or the whole attempt: a value per question.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "harness/net/endpoint.h"
#include "harness/ports/layout.h"

namespace selfconnect {

// A TCP socket without a port is about to be given one: the target has called connect(), or bind() to port 0, and waits.
struct Dial {
  Allocator allocator = Allocator::kConnect;
  Endpoint destination;       // at bind() not known yet: the address that is bound, port 0
  std::uint64_t attempt = 0;  // from 1, per destination; at bind() 0
  unsigned busy = 0;          // ports given for this same question before that turned out to be taken
};

// The port for it; nothing: the kernel's own choice. Called on the supervisor's thread, one question at a time. The call
// that waits goes on only after the answer, so the answer may take its time: that is where a world is made ready for
// exactly this attempt. All other calls of the target wait meanwhile.
using ChoosePort = std::function<std::optional<std::uint16_t>(const Dial&)>;

// A connect() that waits, and the socket it was called on: TCP, neither connected nor connecting.
struct StoppedDial {
  Dial dial;  // allocator kConnect
  pid_t thread = 0;
  int socket = -1;                 // a copy of the target's descriptor, until the answer
  sockaddr_storage destination{};  // as it was given
  sockaddr_storage own{};          // the socket's name; port 0: unbound
  bool fast_open = false;          // by sendto() or sendmsg() with MSG_FASTOPEN
};

// How the call goes on.
struct DialAnswer {
  enum class How {
    kGoOn,    // as if it had not been stopped
    kReturn,  // it is not carried out: it returns 0, or fails with `error`, an errno
  };
  How how = How::kGoOn;
  int error = 0;
  std::uint16_t port = 0;  // of the socket, for the event
};

// Takes an attempt whole: may bind the socket and connect it itself. Called as ChoosePort is.
using TakeDial = std::function<DialAnswer(const StoppedDial&)>;

}  // namespace selfconnect
