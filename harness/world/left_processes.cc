// SPDX-License-Identifier: MIT
#include "harness/world/left_processes.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace selfconnect {

namespace {

namespace fs = std::filesystem;

// Of every thread, for a child belongs to the one that made it (proc(5), CONFIG_PROC_CHILDREN).
std::set<pid_t> children() {
  std::set<pid_t> found;
  std::error_code ec;
  for (fs::directory_iterator thread("/proc/self/task", ec), end; !ec && thread != end;
       thread.increment(ec)) {
    std::ifstream list(thread->path() / "children");
    for (pid_t pid = 0; list >> pid;) found.insert(pid);
  }
  return found;
}

fs::path pid_namespace(const std::string& process) {
  std::error_code ec;
  return fs::read_symlink(fs::path("/proc") / process / "ns/pid", ec);
}

}  // namespace

Result<LeftProcesses> LeftProcesses::adopt() {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    return std::unexpected(errno_error("prctl(PR_SET_CHILD_SUBREAPER)"));
  }
  if (!fs::exists("/proc/self/task/" + std::to_string(gettid()) + "/children")) {
    return std::unexpected(error("find this process's children: no /proc/PID/task/TID/children here"));
  }
  return LeftProcesses(children());
}

std::vector<pid_t> LeftProcesses::left() const {
  const fs::path own_namespace = pid_namespace("self");
  std::vector<pid_t> found;
  for (const pid_t pid : children()) {
    if (others_.contains(pid) || getsid(pid) == getsid(0)) continue;
    // A zombie's namespace cannot be read any more.
    const fs::path its = pid_namespace(std::to_string(pid));
    if (its.empty() || its == own_namespace) found.push_back(pid);
  }
  return found;
}

LeftProcesses::Left LeftProcesses::kill() {
  const auto found = left();
  for (const pid_t pid : found) {
    // A child that is not reaped keeps its id.
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, WNOHANG);
  }
  return found.empty() ? Left::kNone : Left::kSome;
}

void LeftProcesses::end() {
  for (auto found = left(); !found.empty(); found = left()) {
    for (const pid_t pid : found) {
      ::kill(pid, SIGKILL);
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    }
  }
}

}  // namespace selfconnect
