// Performs calls on one stack and says what came of each, as text: result, errno, addresses, bytes. The same text on both stacks
// means the same behaviour: ports that the stack chose are named in the order in which they appear.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "call.h"
#include "side.h"
#include "stack.h"

namespace selfconnect::conformance {

// Told when a call may begin to wait, and when it is over.
class CallGuard {
 public:
  virtual ~CallGuard() = default;
  virtual void begin(const Call& call) = 0;
  virtual void end() = 0;
};

// Thrown out of a call, where it is not a signal that ends it.
struct WaitsTooLong {};

// To be called before the first client; again does no harm: SIGPIPE is counted, and SIGALRM interrupts a call.
void handle_signals();

class Client {
 public:
  Client(Stack& stack, Flavour flavour, const Ports& ports, CallGuard& guard)
      : stack_(stack), flavour_(flavour), ports_(ports), guard_(guard) {
    slots_.fill(-1);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close_all(); }

  // A line per call: what came of it, and what poll(2) says afterwards where that is new; then who may bind which port when all
  // is closed.
  Trace play(std::span<const Call> calls);

 private:
  struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
  };

  // "-1 ECONNREFUSED", "3 a2b1", "0 127.0.0.1:P0". A call that would wait for ever is "waits".
  std::string perform(const Call& call);
  // What poll(2) says of each open descriptor, "s0:out s1:in+rdhup", and nothing of what it said last time.
  std::string new_readiness();
  // Closes all that is open, and says who may bind each port then: "P0:free", "P0:reuse", "P0:busy".
  std::string end();

  std::string socket(const Call& call);
  std::string bind(const Call& call);
  std::string connect(const Call& call);
  std::string listen(const Call& call);
  std::string accept(const Call& call);
  std::string send(const Call& call);
  std::string recv(const Call& call);
  std::string shutdown(const Call& call);
  std::string close(const Call& call);
  std::string dup(const Call& call);
  std::string getsockname(const Call& call);
  std::string getpeername(const Call& call);
  std::string getsockopt(const Call& call);
  std::string setsockopt(const Call& call);
  std::string fcntl(const Call& call);
  std::string ioctl(const Call& call);
  std::string poll(const Call& call);
  std::string select(const Call& call);
  std::string epoll_create(const Call& call);
  std::string epoll_ctl(const Call& call);
  std::string epoll_wait(const Call& call);

  [[nodiscard]] int fd(const Call& call, std::size_t operand = 0) const {
    return slots_[static_cast<std::size_t>(call.value(operand))];
  }
  void put(const Call& call, std::size_t operand, int fd);
  [[nodiscard]] Address address(int fd, std::int64_t where);
  [[nodiscard]] static Address room_for_address(const Call& call, std::size_t operand);
  [[nodiscard]] std::uint16_t local_port(int fd);
  [[nodiscard]] std::string name(const sockaddr_storage& storage, socklen_t length);
  [[nodiscard]] std::string port_name(std::uint16_t port);
  [[nodiscard]] std::string may_bind(std::uint16_t port);
  void close_all();

  Stack& stack_;
  Flavour flavour_;
  Ports ports_;
  CallGuard& guard_;
  std::array<int, kSlots> slots_;
  std::vector<int> open_;  // in no slot any more, too
  std::array<int, kSlots> told_fds_{-1, -1, -1, -1, -1, -1};
  std::array<short, kSlots> told_{};
  std::vector<std::uint16_t> chosen_ports_;
  int sends_ = 0;
};

}  // namespace selfconnect::conformance
