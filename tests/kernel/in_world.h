// For tests that launch programs into a world and look at what becomes of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/launch/process.h"
#include "harness/world/world.h"
#include "tests/capability.h"

namespace selfconnect::testing {

inline constexpr std::chrono::seconds kPatience{20};  // far above what anything here takes

class InWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = World::create();
    SELFCONNECT_NEEDS("netns", made ? "" : made.error().message);
    world_ = std::move(*made);
  }

  [[nodiscard]] World& world() { return *world_; }
  void end_world() { world_.reset(); }

 private:
  std::optional<World> world_;
};

// Runs the context until `condition` holds: looked at after each handler. False when patience ran out.
inline bool run_until(boost::asio::io_context& context, const std::function<bool()>& condition) {
  const auto by = std::chrono::steady_clock::now() + kPatience;
  context.restart();
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= by) return false;
    context.run_one_for(std::chrono::milliseconds(5));
    context.restart();
  }
  return true;
}

struct Launched {
  ExitStatus ended;
  std::string out, err;
};

inline Launched run_to_end(const World& world, const LaunchSpec& spec) {
  boost::asio::io_context context;
  auto process = Process::launch(context, world, spec, [] {});
  if (!process) {
    ADD_FAILURE() << process.error().message;
    return {};
  }
  if (!run_until(context, [&] { return (*process)->ended().has_value(); })) {
    ADD_FAILURE() << spec.command.front() << " did not end";
    return {};
  }
  (*process)->drain_output();
  const auto text = [](const OutputBuffer& buffer) { return buffer.head() + buffer.tail(); };
  return {*(*process)->ended(), text((*process)->out()), text((*process)->err())};
}

inline Launched run_shell(const World& world, const std::string& script) {
  return run_to_end(world, {.command = {"sh", "-c", script}});
}

inline UniqueFd pidfd_of(pid_t pid) { return UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

inline bool ends(const UniqueFd& pidfd) {
  pollfd wait{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count()));
  } while (ready < 0 && errno == EINTR);
  return ready == 1;
}

inline bool has_children() { return waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }

// While it lives a signal comes every 200 microseconds, so that calls are interrupted (EINTR).
class Interruptions {
 public:
  Interruptions() {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, &before_);
    const itimerval often{.it_interval = {0, 200}, .it_value = {0, 200}};
    setitimer(ITIMER_REAL, &often, nullptr);
  }
  ~Interruptions() {
    const itimerval never{};
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before_, nullptr);
  }
  Interruptions(const Interruptions&) = delete;
  Interruptions& operator=(const Interruptions&) = delete;

 private:
  struct sigaction before_{};
};

// Runs `body` in a child; what it returns is the child's exit code. No gtest assertions in it.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace selfconnect::testing
