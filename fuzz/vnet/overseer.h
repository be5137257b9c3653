// Whoever runs a client on a virtual host: says what becomes of each attempt, and is told what the client does. The session of
// a fuzz target is one; the conformance suite has another.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzz/vnet/virtual_time.h"
#include "harness/net/endpoint.h"

namespace selfconnect::vnet {

class FarConnection;
class FarEnd;
class TcpSocket;

// What becomes of one attempt: a connect() of a socket to an endpoint.
struct Attempt {
  enum class Port : std::uint8_t {
    kAny,  // a free port of the ephemeral range, never the dialled one
    kDialled,  // the very port that is dialled, where the kernel would give it: the socket is connected to itself; else kAny
    kCleared,    // the same, and TIME_WAIT there is removed first, as the director of `check --schedule` does
    kExhausted,  // none: EADDRNOTAVAIL
  };
  enum class Source : std::uint8_t {
    kRouted,   // as the kernel has it when nothing is added to lo: 127.0.0.1 for all of 127.0.0.0/8
    kDialled,  // the address that is dialled, as World::add_address() makes it
  };
  enum class Syn : std::uint8_t {
    kToHost,    // whoever listens on the host itself; else RST
    kRefused,   // RST
    kDropped,   // no answer, nor to its retransmissions
    kAccepted,  // by `far_end`
  };
  std::uint64_t number = 0;  // from 1, or 0: not counted. The socket carries it.
  Port port = Port::kAny;
  Syn syn = Syn::kToHost;
  std::unique_ptr<FarEnd> far_end;
  Source source = Source::kRouted;
};

class Overseer {
 public:
  virtual ~Overseer() = default;

  // connect() starts an attempt. A port that the socket is bound to already stays.
  virtual Attempt attempt(const Endpoint& to) = 0;
  // The client waits without a limit, and nothing can ever happen again. True when something was done about it (a far end was made
  // to go away, say); false lets the call fail with EDEADLK. May also never return.
  virtual bool stands_still() = 0;
  // Time is about to move; never backwards. May never return.
  virtual void time_moves(Time /*to*/) {}
  // A call of the client begins; `name` as in the manual ("connect"). May never return: a client that calls for ever without
  // letting time pass.
  virtual void called(const char* /*name*/) {}

  // The kernel sends the client a signal (SIGPIPE), which it has not asked to be spared. May never return.
  virtual void raised(int signal);
  // exit(3). Where it returns the process ends.
  virtual void exits(int /*status*/) {}

  // What the client does on a socket of an attempt.
  virtual void connected(const TcpSocket& /*socket*/) {}
  // By a far end, whose side of the connection stays as long as the host.
  virtual void accepted(const TcpSocket& /*socket*/, FarConnection& /*by*/) {}
  virtual void wrote(const TcpSocket& /*socket*/, std::string_view /*bytes*/) {}
  virtual void was_read(const TcpSocket& /*socket*/, std::string_view /*bytes*/) {}
  // Its last descriptor is being closed.
  virtual void closed(const TcpSocket& /*socket*/) {}
};

}  // namespace selfconnect::vnet
