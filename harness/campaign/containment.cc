// SPDX-License-Identifier: MIT
#include "harness/campaign/containment.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace selfconnect {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kLeastDisk = 256 * kMiB;
constexpr std::uint64_t kMuchWritten = kMiB;  // by one process, for it to be one that fills the disk

std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return statm ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

// "NSpid: 4711 1": its number in each PID namespace, innermost last (proc_pid_status(5)).
bool is_world_init(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("NSpid:")) return line.ends_with("\t1") && line.find('\t') != line.rfind('\t');
  }
  return false;
}

// By write(2) and its like, to files and pipes (proc_pid_io(5)); 0 of a process that is gone, or may not be looked at.
std::uint64_t written_bytes(pid_t pid) {
  std::ifstream io(fmt::format("/proc/{}/io", pid));
  std::uint64_t bytes = 0;
  for (std::string key; io >> key >> bytes;) {
    if (key == "wchar:") return bytes;
  }
  return 0;
}

std::string pid_namespace(pid_t pid) {
  std::error_code gone;
  return fs::read_symlink(fmt::format("/proc/{}/ns/pid", pid), gone).string();
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
    std::ifstream list(task.path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

// PID 1 of the namespace that holds most of them takes all the others with it.
void end_fullest_world(const std::vector<Descendant>& all) {
  std::map<std::string, std::uint64_t> weight;
  for (const Descendant& one : all) weight[pid_namespace(one.pid)] += 1 + one.resident_bytes / kMiB;
  pid_t fullest = -1;
  std::uint64_t most = 0;
  for (const Descendant& one : all) {
    if (!one.is_world_init) continue;
    const std::uint64_t here = weight[pid_namespace(one.pid)];
    if (here > most) {
      most = here;
      fullest = one.pid;
    }
  }
  if (fullest > 0) {
    kill(fullest, SIGKILL);
    return;
  }
  // Where no namespaces may be made.
  for (const Descendant& one : all) kill(one.pid, SIGKILL);
}

}  // namespace

std::uint64_t free_disk_bytes(const fs::path& directory) {
  struct statvfs status{};
  if (directory.empty() || statvfs(directory.c_str(), &status) != 0) return UINT64_MAX;
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

ContainmentLimits default_limits(std::size_t workers, const fs::path& out) {
  ContainmentLimits limits;
  struct sysinfo info{};
  if (sysinfo(&info) == 0) {
    const std::uint64_t memory = static_cast<std::uint64_t>(info.totalram) * info.mem_unit;
    limits.resident_bytes = memory / 4 / std::max<std::size_t>(1, workers);
  }
  limits.disk = out;
  limits.free_disk_bytes = std::min(kLeastDisk, free_disk_bytes(out) / 2);
  return limits;
}

std::vector<Descendant> descendants_of(pid_t root, std::size_t most) {
  std::vector<Descendant> all;
  std::vector<pid_t> parents = {root};
  while (!parents.empty() && all.size() < most) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (const pid_t child : children_of(parent)) {
      parents.push_back(child);
      all.push_back(
          {.pid = child, .is_world_init = is_world_init(child), .resident_bytes = resident_bytes(child)});
      if (all.size() >= most) break;
    }
  }
  return all;
}

struct Containment::State {
  // Why the world has to end.
  std::optional<std::string> excess(const std::vector<Descendant>& all) {
    if (all.size() >= limits.processes) return fmt::format("{} processes", limits.processes);
    std::uint64_t resident = 0;
    for (const Descendant& one : all) resident += one.resident_bytes;
    if (resident > limits.resident_bytes)
      return fmt::format("more than {} MiB of memory", limits.resident_bytes / kMiB);
    // Only who fills it is ended: what fills it may stay there, and it may be another worker's target that does.
    const std::uint64_t free_now = free_disk_bytes(limits.disk);
    const bool shrinks = free_now < std::exchange(free_before, free_now);
    const auto writes_much = [](const Descendant& one) { return written_bytes(one.pid) >= kMuchWritten; };
    if (shrinks && free_now < limits.free_disk_bytes && std::ranges::any_of(all, writes_much))
      return fmt::format("the disk of {}, which has less than {} MiB left", limits.disk.string(),
                         limits.free_disk_bytes / kMiB);
    return std::nullopt;
  }

  void watch(const std::stop_token& stop) {
    const pid_t self = getpid();
    std::unique_lock guard(mutex);
    while (!stop.stop_requested()) {
      wake.wait_for(guard, stop, limits.look, [] { return false; });
      if (stop.stop_requested()) return;
      guard.unlock();
      const auto all = descendants_of(self, limits.processes);
      auto why = excess(all);
      guard.lock();
      if (!why) continue;
      // Said first: once the world has ended, the run it was for is about to ask.
      if (!reason) reason = std::move(why);
      end_fullest_world(all);
    }
  }

  ContainmentLimits limits;
  std::uint64_t free_before = UINT64_MAX;  // of the thread
  std::mutex mutex;
  std::condition_variable_any wake;
  std::optional<std::string> reason;
  std::jthread thread;
};

Containment::Containment(ContainmentLimits limits) : state_(std::make_unique<State>()) {
  state_->limits = std::move(limits);
  state_->thread = std::jthread([state = state_.get()](const std::stop_token& stop) { state->watch(stop); });
}

Containment::~Containment() = default;

std::optional<std::string> Containment::take_reason() {
  const std::lock_guard guard(state_->mutex);
  return std::exchange(state_->reason, std::nullopt);
}

}  // namespace selfconnect
