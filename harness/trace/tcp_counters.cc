// SPDX-License-Identifier: MIT
#include "harness/trace/tcp_counters.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::string_view kPrefix = "Tcp:";

// The next line with the prefix, without it; `text` goes on behind it.
std::optional<std::string_view> next_tcp_line(std::string_view& text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with(kPrefix)) return line.substr(kPrefix.size());
  }
  return std::nullopt;
}

// Empty at the end of the line.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::uint64_t* counter(TcpCounters& counters, std::string_view name) {
  const std::array<std::pair<std::string_view, std::uint64_t*>, 6> known = {{
      {"ActiveOpens", &counters.active_opens},
      {"PassiveOpens", &counters.passive_opens},
      {"AttemptFails", &counters.attempt_fails},
      {"InSegs", &counters.in_segs},
      {"OutSegs", &counters.out_segs},
      {"OutRsts", &counters.out_rsts},
  }};
  for (const auto& [known_name, place] : known) {
    if (known_name == name) return place;
  }
  return nullptr;
}

std::uint64_t grown(std::uint64_t from, std::uint64_t to) { return to > from ? to - from : 0; }

}  // namespace

Result<TcpCounters> parse_snmp(std::string_view text) {
  auto names = next_tcp_line(text);
  auto values = next_tcp_line(text);
  if (!names || !values)
    return std::unexpected(error("read TCP counters: no two lines that begin with 'Tcp:'"));
  TcpCounters counters;
  int found = 0;
  for (auto name = next_word(*names); !name.empty(); name = next_word(*names)) {
    const auto value = next_word(*values);
    std::uint64_t* place = counter(counters, name);
    if (place == nullptr) continue;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), *place);
    if (code != std::errc{} || end != value.data() + value.size()) {
      return std::unexpected(error(fmt::format("read TCP counters: {} is '{}', not a number", name, value)));
    }
    ++found;
  }
  if (found != 6) return std::unexpected(error("read TCP counters: one of the six is missing"));
  return counters;
}

TcpCounters growth(const TcpCounters& from, const TcpCounters& to) {
  return {.active_opens = grown(from.active_opens, to.active_opens),
          .passive_opens = grown(from.passive_opens, to.passive_opens),
          .attempt_fails = grown(from.attempt_fails, to.attempt_fails),
          .in_segs = grown(from.in_segs, to.in_segs),
          .out_segs = grown(from.out_segs, to.out_segs),
          .out_rsts = grown(from.out_rsts, to.out_rsts)};
}

Result<TcpCounterFile> TcpCounterFile::open(pid_t pid) {
  const std::string path = pid == 0 ? "/proc/thread-self/net/snmp" : fmt::format("/proc/{}/net/snmp", pid);
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(errno_error(fmt::format("open({})", path)));
  return TcpCounterFile(std::move(file));
}

Result<TcpCounters> TcpCounterFile::read() {
  std::array<char, 8192> text;
  const ssize_t size = pread(file_.get(), text.data(), text.size(), 0);
  if (size < 0) return std::unexpected(errno_error("pread(/proc/net/snmp)"));
  return parse_snmp({text.data(), static_cast<std::size_t>(size)});
}

}  // namespace selfconnect
