// What the author of a fuzz target writes: the calls of a client, and by which rules it is judged. Everything else - inputs,
// the network, time, findings - is this library's. docs/fuzzing.md begins with a complete one.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace selfconnect::vnet {

// How a client ended. Success: it had what it wanted of a server. Any other way of coming to an end is giving up, also a
// right one.
enum class Ending { kSuccess, kGaveUp };

// Where the client is to connect to.
struct Server {
  const char* host;  // "127.0.0.1"
  int port;
  const char* port_text;
};

// By which a run is judged; what they mean stands in docs/fuzzing.md.
struct Rules {
  bool hangs = true;
  bool never_recovers = true;
  bool spins = true;
  bool leaks_fds = true;
  bool secret_echoed = true;
  bool echo_accepted = true;
  bool desynchronised = true;
  bool crashes = true;           // of SIGPIPE; the other ways to crash are the sanitizers' and the fuzzer's
  bool talks_to_itself = false;  // no fault yet, but most clients do it

  bool operator==(const Rules&) const = default;
};

struct FuzzTarget {
  // One of these two. `run`: one life of the client, from its first call to its last: it connects, has its conversation, goes on
  // trying for as long as it would, and leaves nothing open. Nothing of it may outlive the call. `program`: a whole program, its
  // main() under another name (objcopy --redefine-sym main=NAME); 0 is success, and at its end the kernel would have closed and
  // freed all.
  Ending (*run)(const Server& server) = nullptr;
  int (*program)(int argc, char** argv) = nullptr;
  std::vector<std::string> arguments = {"client", "{host}", "{port}"};  // of `program`

  // Whether it goes on for ever once it is served, as daemons do. Then its life is over, with success, when it waits for good, talks
  // on and on, or does nothing else for as long as `patience`, with a connection to the server that has answered.
  bool stays = false;

  // What the server says, as the steps of a script (docs/schedules.md), over and over: R"(read:5 say:"PONG\n")".
  std::string answer;
  std::vector<std::string> secrets;  // texts that the client must not send to itself
  Rules rules;

  std::string host = "127.0.0.1";
  std::uint16_t port = 50000;
  // Of the schedules that are made up; those that are read may have more.
  std::uint64_t most_attempts = 8;
  // Virtual time after the last attempt that was not served in which the client has to have come to an end.
  std::chrono::nanoseconds patience = std::chrono::hours(1);
  // How findings say that they are replayed on the real kernel: `selfconnect replay FILE ... -- COMMAND`.
  std::string command = "./client {host} {port}";
};

// The target of this program: VNET_FUZZ_TARGET defines it.
[[nodiscard]] const FuzzTarget& fuzz_target();

}  // namespace selfconnect::vnet

// VNET_FUZZ_TARGET({.run = run, .answer = ...});
#define VNET_FUZZ_TARGET(...)                                             \
  const selfconnect::vnet::FuzzTarget& selfconnect::vnet::fuzz_target() { \
    static const selfconnect::vnet::FuzzTarget target = __VA_ARGS__;      \
    return target;                                                        \
  }                                                                       \
  static_assert(true)
