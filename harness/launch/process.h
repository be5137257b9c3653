// A process launched into a world with Boost.Process v2: supervised, its output captured. Used for the target
// and for a real server alike.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/launch/output_buffer.h"
#include "harness/sys/error.h"
#include "harness/world/confinement.h"
#include "harness/world/world.h"

namespace selfconnect {

struct LaunchSpec {
  std::vector<std::string> command;            // argv; the first is looked up in PATH when it has no slash
  std::filesystem::path stdin_file;            // empty: /dev/null
  std::vector<std::pair<int, rlim_t>> limits;  // setrlimit(2), soft and hard
  int kept_descriptor = -1;  // stays open in it, under its number; -1: none but the standard ones does
  Network network = Network::kNear;
  Confinement confinement;  // its descriptors are the caller's, until the launch is done
};

// How a process ended, as waitpid(2) tells it.
struct ExitStatus {
  bool signalled = false;
  int code = 0;                              // exit code, or the signal's number
  std::chrono::steady_clock::time_point at;  // when it was noticed
};

// The path of an executable, as execvp(3) would find it. The error says what is wrong with it: not found, or
// not executable.
Result<std::filesystem::path> find_command(const std::string& name);

// Environment, working directory, uid and gid are kept; it has a session of its own and no capability that it
// did not have. Its parent is the harness (CLONE_PARENT), so its status is never taken by the world's init,
// which gets its orphans. `changed` is called from the io_context's thread when it ends. Destruction kills
// it. All members are for the io_context's thread only.
class Process {
 public:
  static Result<std::unique_ptr<Process>> launch(boost::asio::io_context& context, const World& world,
                                                 const LaunchSpec& spec, std::function<void()> changed);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const;  // as the host sees it
  [[nodiscard]] const std::optional<ExitStatus>& ended() const;
  [[nodiscard]] const OutputBuffer& out() const;
  [[nodiscard]] const OutputBuffer& err() const;

  void signal(int number);                  // nothing once it has ended
  [[nodiscard]] bool about_to_end() const;  // it has ended, and `changed` is not called yet
  void drain_output();                      // takes what is in the pipes now

 private:
  struct State;
  explicit Process(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with the wait for its end, which may be queued already
};

}  // namespace selfconnect
