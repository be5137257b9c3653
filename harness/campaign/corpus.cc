// SPDX-License-Identifier: MIT
#include "harness/campaign/corpus.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <boost/uuid/detail/sha1.hpp>

#include "harness/campaign/small_file.h"
#include "harness/schedule/schedule.h"

namespace selfconnect {

namespace fs = std::filesystem;

namespace {

constexpr std::array<EventKind, 10> kPlainKinds = {
    EventKind::kRefuse, EventKind::kSelf, EventKind::kServe,     EventKind::kClose,     EventKind::kReset,
    EventKind::kSilent, EventKind::kDrop, EventKind::kExhausted, EventKind::kHalfClose, EventKind::kGarbage};

constexpr std::size_t kLargestFile = 1 << 24;
constexpr std::uint32_t kSeedBytes = 16;  // of garbage

}  // namespace

Result<void> open_corpus(const fs::path& directory) {
  std::error_code ec;
  fs::create_directories(directory, ec);
  if (ec)
    return std::unexpected(
        errno_error(fmt::format("make corpus directory {}", directory.string()), ec.value()));
  const fs::directory_iterator listed(directory, ec);
  if (ec)
    return std::unexpected(
        errno_error(fmt::format("read corpus directory {}", directory.string()), ec.value()));
  if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0)
    return std::unexpected(errno_error(fmt::format("write to corpus directory {}", directory.string())));
  return {};
}

Result<CorpusCheck> check_corpus(const fs::path& directory) {
  CorpusCheck check;
  std::error_code ec;
  if (!fs::exists(directory, ec)) return check;
  fs::directory_iterator entries(directory, ec);
  if (ec)
    return std::unexpected(
        errno_error(fmt::format("read corpus directory {}", directory.string()), ec.value()));
  for (const auto& entry : entries) {
    if (!entry.is_regular_file(ec)) continue;
    const auto text = read_small_file(entry.path(), kLargestFile);
    if (!text) return std::unexpected(text.error().during("read the corpus"));
    if (text->size() > kLongestInput) {
      if (check.others++ == 0)
        check.first_other = fmt::format("{}: longer than {} bytes", entry.path().string(), kLongestInput);
    } else if (const auto schedule = parse_schedule(*text)) {
      ++check.schedules;
    } else if (check.others++ == 0) {
      check.first_other = fmt::format("{}: {}", entry.path().string(), schedule.error().message(*text));
    }
  }
  return check;
}

Result<void> add_to_corpus(const fs::path& directory, std::string_view input) {
  const fs::path file = directory / sha1_hex(input);
  std::error_code ec;
  if (fs::exists(file, ec)) return {};
  return write_small_file(file, input);
}

Result<void> seed_corpus(const fs::path& directory) {
  const auto check = check_corpus(directory);
  if (!check) return std::unexpected(check.error());
  if (check->schedules > 0) return {};
  for (const EventKind kind : kPlainKinds) {
    Schedule schedule;
    // `serve` alone is the quiet window.
    if (kind != EventKind::kServe)
      schedule.entries.push_back(
          {.event = {.kind = kind, .amount = kind == EventKind::kGarbage ? kSeedBytes : 0, .steps = {}}});
    if (auto added = add_to_corpus(directory, print(schedule)); !added) return added;
  }
  return {};
}

std::size_t count_inputs(const fs::path& directory) {
  std::size_t count = 0;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory, ec)) count += entry.is_regular_file(ec) ? 1 : 0;
  return count;
}

std::string sha1_hex(std::string_view bytes) {
  boost::uuids::detail::sha1 sha1;
  sha1.process_bytes(bytes.data(), bytes.size());
  unsigned int digest[5] = {};
  sha1.get_digest(digest);
  return fmt::format("{:08x}{:08x}{:08x}{:08x}{:08x}", digest[0], digest[1], digest[2], digest[3], digest[4]);
}

}  // namespace selfconnect
