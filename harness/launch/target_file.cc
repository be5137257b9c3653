// SPDX-License-Identifier: MIT
#include "harness/launch/target_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <ranges>
#include <span>

#include "harness/sys/duration.h"
#include "harness/sys/pattern.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace {

constexpr std::size_t kLargestFile = 1 << 20;

// What is wrong, and where in the file.
struct Fault {
  toml::source_position at;
  std::string text;
};
template <class T>
using Read = std::expected<T, Fault>;

std::unexpected<Fault> fault(const toml::node& node, std::string text) {
  return std::unexpected(Fault{node.source().begin, std::move(text)});
}

// One key of a table, and how its value gets into a T.
template <class T>
struct Key {
  std::string_view name;
  Read<void> (*fill)(T&, const toml::node&);
};

std::string type_name(const toml::node& node) { return fmt::format("{}", fmt::streamed(node.type())); }

template <class T>
Read<void> assign(T& field, Read<std::type_identity_t<T>> value) {
  if (!value) return std::unexpected(value.error());
  field = std::move(*value);
  return {};
}

Read<std::string> read_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  return fault(node, fmt::format("the value is of type {}: expected a string", type_name(node)));
}

Read<std::vector<std::string>> read_texts(const toml::node& node) {
  const auto* array = node.as_array();
  if (!array)
    return fault(node, fmt::format("the value is of type {}: expected an array of strings", type_name(node)));
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    auto text = read_text(element);
    if (!text) return std::unexpected(text.error());
    texts.push_back(std::move(*text));
  }
  return texts;
}

Read<std::int64_t> read_number(const toml::node& node, std::int64_t low, std::int64_t high,
                               std::string_view range) {
  const auto* number = node.as_integer();
  if (!number)
    return fault(node, fmt::format("the value is of type {}: expected {}", type_name(node), range));
  if (number->get() < low || number->get() > high) {
    return fault(node, fmt::format("{} is out of range: expected {}", number->get(), range));
  }
  return number->get();
}

// An array of words, or one string that is split as a shell would, without a shell.
Read<CommandLine> read_command(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    auto words = split_command_line(text->get());
    if (!words) return fault(node, words.error().message + ": expected words to run");
    return std::move(*words);
  }
  if (!node.is_array()) {
    return fault(node, fmt::format("the value is of type {}: expected an array of strings, or one string",
                                   type_name(node)));
  }
  auto words = read_texts(node);
  if (words && (words->empty() || words->front().empty())) {
    return fault(node, "the command is empty: expected words to run");
  }
  return words;
}

Read<std::string> read_pattern(const toml::node& node) {
  auto text = read_text(node);
  if (!text) return text;
  if (const auto checked = Pattern::compile(*text); !checked) return fault(node, checked.error().message);
  return text;
}

template <class T>
Read<T> read_parsed(const toml::node& node, Result<T> (*parse)(std::string_view)) {
  const auto text = read_text(node);
  if (!text) return std::unexpected(text.error());
  auto value = parse(*text);
  if (!value) return fault(node, value.error().message);
  return *value;
}

Read<std::string> read_one_of(const toml::node& node, std::span<const std::string_view> choices) {
  auto text = read_text(node);
  if (text && std::ranges::find(choices, *text) == choices.end()) {
    return fault(node, fmt::format("'{}' is unknown: expected {}", *text, fmt::join(choices, ", ")));
  }
  return text;
}

Read<std::vector<std::string>> read_secrets(const toml::node& node) {
  auto secrets = read_texts(node);
  if (secrets && std::ranges::find(*secrets, "") != secrets->end()) {
    return fault(node, "a secret is empty: expected at least one character");
  }
  return secrets;
}

template <class T, std::size_t N>
Read<void> read_table(const toml::node& node, const std::array<Key<T>, N>& keys, T& into) {
  const auto* table = node.as_table();
  if (!table) return fault(node, fmt::format("the value is of type {}: expected a table", type_name(node)));
  for (const auto& [name, value] : *table) {
    const auto key = std::ranges::find(keys, name.str(), &Key<T>::name);
    if (key == keys.end()) {
      return std::unexpected(Fault{
          name.source().begin, fmt::format("unknown key '{}': expected one of {}", name.str(),
                                           fmt::join(keys | std::views::transform(&Key<T>::name), ", "))});
    }
    if (auto filled = key->fill(into, value); !filled) return filled;
  }
  return {};
}

using Limits = std::vector<std::pair<int, rlim_t>>;

template <int kResource>
Read<void> fill_limit(Limits& limits, const toml::node& node) {
  const auto value = read_number(node, 0, std::numeric_limits<std::int64_t>::max(), "a number, 0 or more");
  if (!value) return std::unexpected(value.error());
  limits.emplace_back(kResource, static_cast<rlim_t>(*value));
  return {};
}

constexpr std::array<Key<Limits>, 5> kLimitKeys = {{{"open_files", fill_limit<RLIMIT_NOFILE>},
                                                    {"processes", fill_limit<RLIMIT_NPROC>},
                                                    {"address_space", fill_limit<RLIMIT_AS>},
                                                    {"file_size", fill_limit<RLIMIT_FSIZE>},
                                                    {"cpu_seconds", fill_limit<RLIMIT_CPU>}}};

constexpr std::array<std::string_view, 4> kVerdicts = {"pass", "fail", "skip", "error"};
constexpr std::array<std::string_view, 2> kKinds = {"one-shot", "reconnector"};

constexpr std::array<Key<TargetExpectation>, 5> kExpectKeys = {
    {{"version",
      [](auto& expect, const toml::node& node) { return assign(expect.version, read_text(node)); }},
     {"verdict", [](auto& expect,
                    const toml::node& node) { return assign(expect.verdict, read_one_of(node, kVerdicts)); }},
     {"errors", [](auto& expect, const toml::node& node) { return assign(expect.errors, read_texts(node)); }},
     {"warnings",
      [](auto& expect, const toml::node& node) { return assign(expect.warnings, read_texts(node)); }},
     {"may", [](auto& expect, const toml::node& node) { return assign(expect.may, read_texts(node)); }}}};

template <class T>
Read<std::optional<T>> optional_of(Read<T> value) {
  return value ? Read<std::optional<T>>(std::move(*value)) : std::unexpected(value.error());
}

Read<void> fill_port(TargetFile& target, const toml::node& node) {
  const auto port = read_number(node, 1, 65535, "a port, 1 to 65535");
  if (!port) return std::unexpected(port.error());
  target.port = static_cast<std::uint16_t>(*port);
  return {};
}

constexpr std::array<Key<TargetFile>, 11> kTargetKeys = {
    {{"command",
      [](auto& target, const toml::node& node) { return assign(target.command, read_command(node)); }},
     {"server",
      [](auto& target, const toml::node& node) { return assign(target.server, read_command(node)); }},
     {"success",
      [](auto& target, const toml::node& node) { return assign(target.success, read_pattern(node)); }},
     {"secrets",
      [](auto& target, const toml::node& node) { return assign(target.secrets, read_secrets(node)); }},
     {"kind",
      [](auto& target, const toml::node& node) { return assign(target.kind, read_one_of(node, kKinds)); }},
     {"stdin",
      [](auto& target, const toml::node& node) { return assign(target.stdin_file, read_text(node)); }},
     {"timeout",
      [](auto& target, const toml::node& node) {
        return assign(target.timeout, optional_of(read_parsed(node, parse_duration)));
      }},
     {"host",
      [](auto& target, const toml::node& node) {
        return assign(target.host, optional_of(read_parsed(node, parse_host)));
      }},
     {"port", fill_port},
     {"limits",
      [](auto& target, const toml::node& node) { return read_table(node, kLimitKeys, target.limits); }},
     {"expect", [](auto& target, const toml::node& node) {
        return read_table(node, kExpectKeys, target.expect.emplace());
      }}}};

std::unexpected<Error> positioned(const std::filesystem::path& path, const Fault& fault) {
  std::string text = fmt::format("{}:{}:{}: {}", path.native(), fault.at.line, fault.at.column, fault.text);
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return std::unexpected(error(std::move(text)));
}

Result<std::string> read_file(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(errno_error(fmt::format("open({})", path.native())));
  std::string text(kLargestFile + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const auto count = ::read(file.get(), text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(errno_error(fmt::format("read({})", path.native())));
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  if (length > kLargestFile) {
    return std::unexpected(
        error(fmt::format("{}: larger than 1 MiB: expected a target file", path.native())));
  }
  text.resize(length);
  return text;
}

}  // namespace

Result<TargetFile> parse_target_file(std::string_view text, const std::filesystem::path& path) {
  toml::table table;
  try {
    table = toml::parse(text, path.native());
  } catch (const toml::parse_error& failed) {
    return positioned(path, {failed.source().begin, fmt::format("not TOML: {}", failed.description())});
  }
  TargetFile target;
  if (const auto read = read_table(table, kTargetKeys, target); !read) return positioned(path, read.error());
  if (!target.stdin_file.empty()) target.stdin_file = path.parent_path() / target.stdin_file;
  return target;
}

Result<TargetFile> load_target_file(const std::filesystem::path& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_target_file(*text, path);
}

}  // namespace selfconnect
