// SPDX-License-Identifier: MIT
#include "bench/bare.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace selfconnect::bench {

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

}  // namespace

std::filesystem::path program(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

std::vector<std::string> one_shot_client() {
  return {program("targets/static").string(), "127.0.0.1", "50000"};
}

Seconds bare_loop(int turns) {
  std::vector<std::string> words = {program("bench/bare_loop").string(), std::to_string(turns)};
  std::ranges::copy(one_shot_client(), std::back_inserter(words));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  // What the clients say about being refused goes where the harness lets it go: not to the terminal.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto start = Clock::now();
  pid_t pid = 0;
  errno = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  if (errno != 0) give_up("start bare_loop");
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || status != 0) give_up("bare_loop failed");
  const auto end = Clock::now();
  posix_spawn_file_actions_destroy(&actions);
  return Seconds(end - start) / turns;
}

OneCore::OneCore() {
  sched_getaffinity(0, sizeof before_, &before_);
  cpu_set_t one{};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before_)) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);  // the last one: the first gets the interrupts
  }
  if (sched_setaffinity(0, sizeof one, &one) != 0) give_up("sched_setaffinity");
}

OneCore::~OneCore() { sched_setaffinity(0, sizeof before_, &before_); }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

void Comparison::add(Seconds harness, Seconds bare) {
  harness_.push_back(harness.count());
  bare_.push_back(bare.count());
  ratios_.push_back(harness / bare);
}

void Comparison::report(benchmark::State& state, const std::string& prefix, Unit unit) const {
  const std::string name = unit == Unit::kMilliseconds ? "ms" : "us";
  const double scale = unit == Unit::kMilliseconds ? 1e3 : 1e6;
  state.counters[prefix + name] = median(harness_) * scale;
  state.counters[prefix + "bare_" + name] = median(bare_) * scale;
  report_ratio(state, prefix);
}

void Comparison::report_ratio(benchmark::State& state, const std::string& prefix) const {
  state.counters[prefix + "ratio"] = median(ratios_);
}

}  // namespace selfconnect::bench
