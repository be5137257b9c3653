// Connect loops: what a client does attempt after attempt, put together of small pieces. Plain system calls of the calling
// thread, in whatever network it is in; nothing of the harness but the values.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/latencies.h"
#include "harness/net/endpoint.h"

namespace selfconnect::bench {

struct Loop {
  // kBare is the reference: blocking, each time a fresh socket, in a row of system calls as one writes it in C, with no
  // clock inside. The others read the clock after each attempt, or each batch.
  enum class Way { kBare, kBlocking, kEpoll, kRing };
  enum class Socket {
    kFresh,  // one for each attempt
    kSame    // dialled again: at once after ECONNREFUSED, after connect(AF_UNSPEC) when it was connected
  };
  // How a connection to oneself is left. A same socket always resets it.
  enum class Close { kFin, kReset };

  // What is to be expected. Refused ones a ring has in the air at once; a port to connect oneself to can be had by one
  // socket at a time, so those are tried one after the other, in one chain.
  enum class Outcome { kRefused, kSelf };

  Way way = Way::kBlocking;
  Socket socket = Socket::kFresh;
  Close close = Close::kFin;
  Outcome outcome = Outcome::kRefused;
  Endpoint destination;
  // Attempts go round so many IPv4 addresses from the destination's on: to each of them a port can be had although
  // the last connection to another is in TIME_WAIT.
  std::uint32_t destinations = 1;

  [[nodiscard]] std::string text() const;  // "epoll/same": way and socket
};

// What came of the attempts of one call. Plain bytes, so that it can be sent.
struct Dialled {
  std::uint64_t attempts = 0;
  std::uint64_t hits = 0;  // connected, and nobody listens: to itself
  std::uint64_t refused = 0;
  std::uint64_t no_port = 0;  // EADDRNOTAVAIL: the range is exhausted
  std::uint64_t failed = 0;   // anything else
  std::uint64_t wall_ns = 0;  // from the first attempt to the end of the last
  std::uint64_t cpu_ns = 0;   // of this thread
  // Of whole turns of the loop, closing included; in a batch each attempt takes its share. Empty for kBare.
  Latencies latencies;

  Dialled& operator+=(const Dialled& other);
};

// A loop under way: keeps its ring, its epoll instance or its socket from call to call. For one thread.
class DialLoop {
 public:
  explicit DialLoop(const Loop& loop);
  ~DialLoop();
  DialLoop(const DialLoop&) = delete;
  DialLoop& operator=(const DialLoop&) = delete;

  // Dials so many times (a ring: rounded up to whole batches).
  [[nodiscard]] Dialled dial(std::uint64_t attempts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace selfconnect::bench
