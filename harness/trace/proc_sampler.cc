// SPDX-License-Identifier: MIT
#include "harness/trace/proc_sampler.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <string>

#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace {

constexpr std::size_t kMaxFile = 64UL * 1024;  // 4096 pids of up to 11 characters fit

// Empty when it cannot be read. Such files are made as they are read, so they have no size beforehand.
std::string read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  while (file && text.size() < kMaxFile) {
    std::array<char, 4096> chunk;
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return text;
}

// Calls `visit` with each name in the directory that is a number.
template <class Visit>
void each_number(const std::string& directory, Visit visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') visit(entry->d_name);
  }
}

template <class Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc{} && end == text.data() + text.size();
}

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

void append_children(pid_t pid, std::vector<pid_t>& into) {
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  each_number(tasks, [&](const char* thread) {
    const std::string text = read_file(fmt::format("{}/{}/children", tasks, thread));
    std::string_view rest = text;
    for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
      pid_t child = 0;
      if (into.size() < kMaxProcesses && parse(word, child)) into.push_back(child);
    }
  });
}

std::uint32_t count_descriptors(pid_t pid) {
  const std::string directory = fmt::format("/proc/{}/fd", pid);
  struct stat info{};
  if (::stat(directory.c_str(), &info) != 0) return 0;
  if (info.st_size > 0) return static_cast<std::uint32_t>(info.st_size);  // the count, since Linux 6.2
  std::uint32_t count = 0;
  each_number(directory, [&](const char*) { ++count; });
  return count;
}

}  // namespace

std::vector<pid_t> processes_under(pid_t root, RootIs root_is) {
  std::vector<pid_t> processes;
  if (root_is == RootIs::kTarget) {
    processes.push_back(root);
  } else {
    append_children(root, processes);
  }
  for (std::size_t i = 0; i < processes.size(); ++i) append_children(processes[i], processes);
  return processes;
}

std::optional<ProcessSample> parse_proc_stat(std::string_view text, long clock_ticks_per_second,
                                             long page_size) {
  // "PID (COMM) STATE PPID ...": COMM may hold spaces and parentheses, so the last one ends it.
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  ProcessSample sample;
  std::string_view before = text.substr(0, open);
  if (!parse(next_word(before), sample.pid)) return std::nullopt;
  sample.name = text.substr(open + 1, close - open - 1);

  constexpr int kState = 3, kUtime = 14, kStime = 15, kRss = 24;  // fields of proc(5), from 1
  std::string_view rest = text.substr(close + 1);
  std::uint64_t utime = 0, stime = 0;
  std::int64_t pages = 0;
  for (int field = kState; field <= kRss; ++field) {
    const std::string_view word = next_word(rest);
    if (word.empty()) return std::nullopt;
    if (field == kState) sample.state = word.front();
    if (field == kUtime && !parse(word, utime)) return std::nullopt;
    if (field == kStime && !parse(word, stime)) return std::nullopt;
    if (field == kRss && !parse(word, pages)) return std::nullopt;
  }
  const auto nanoseconds_per_tick =
      std::chrono::nanoseconds(std::chrono::seconds(1)) / clock_ticks_per_second;
  sample.cpu = nanoseconds_per_tick * static_cast<std::int64_t>(utime + stime);
  sample.resident_bytes =
      static_cast<std::uint64_t>(std::max<std::int64_t>(pages, 0)) * static_cast<std::uint64_t>(page_size);
  return sample;
}

std::optional<ProcessSample> sample_process(pid_t pid) {
  static const long kTicks = ::sysconf(_SC_CLK_TCK);
  static const long kPage = ::sysconf(_SC_PAGESIZE);
  auto sample = parse_proc_stat(read_file(fmt::format("/proc/{}/stat", pid)), kTicks, kPage);
  if (sample) sample->descriptors = count_descriptors(pid);
  return sample;
}

std::vector<ProcessSample> sample_processes(pid_t root, RootIs root_is, Instant at, std::uint64_t attempts) {
  std::vector<ProcessSample> round;
  for (const pid_t pid : processes_under(root, root_is)) {
    auto sample = sample_process(pid);
    if (!sample) continue;
    sample->at = at;
    sample->attempts = attempts;
    round.push_back(*std::move(sample));
  }
  return round;
}

void SampleLog::add(std::vector<ProcessSample> round) {
  if (round.size() > limit_ / 2) round.resize(limit_ / 2);  // two rounds, the first and the newest, must fit
  const bool keep = added_++ % stride_ == 0;
  newest_.clear();
  if (!keep) {
    newest_ = std::move(round);
  } else {
    size_ += round.size();
    rounds_.push_back(std::move(round));
  }
  while (size_ + newest_.size() > limit_ && rounds_.size() > 1) thin();
}

std::vector<ProcessSample> SampleLog::samples() const {
  std::vector<ProcessSample> all;
  for (const auto& round : rounds_) all.insert(all.end(), round.begin(), round.end());
  all.insert(all.end(), newest_.begin(), newest_.end());
  return all;
}

// Keeps rounds 0, 2, 4, ... of those kept. The newest goes to newest_ when it is one of the others.
void SampleLog::thin() {
  if (rounds_.size() % 2 == 0 && newest_.empty()) newest_ = rounds_.back();
  size_ = 0;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rounds_.size(); i += 2) {
    if (kept != i) rounds_[kept] = std::move(rounds_[i]);
    size_ += rounds_[kept++].size();
  }
  rounds_.resize(kept);
  stride_ *= 2;
}

}  // namespace selfconnect
