// SPDX-License-Identifier: MIT
#include "harness/trace/secret_finder.h"

#include <algorithm>
#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>

namespace selfconnect {

namespace {

using Pattern = SecretPatterns::Pattern;

// `bytes` must be a multiple of 3 long: there is no padding then.
std::string base64(const std::string& bytes) {
  namespace iterators = boost::archive::iterators;
  using Encoder =
      iterators::base64_from_binary<iterators::transform_width<std::string::const_iterator, 6, 8>>;
  return {Encoder(bytes.begin()), Encoder(bytes.end())};
}

// The form of `secret` in base64 when `before` bytes of another text precede it in its group of three.
Pattern base64_pattern(const std::string& secret, std::size_t before, std::size_t index) {
  std::string group = std::string(before, '\0') + secret;
  const std::size_t begin_bit = before * 8;
  const std::size_t end_bit = group.size() * 8;
  group.resize((group.size() + 2) / 3 * 3, '\0');
  const std::size_t begin = (begin_bit + 5) / 6;
  const std::size_t end = end_bit / 6;
  return {.text = base64(group).substr(begin, end - begin),
          .lead = begin_bit % 6 == 0 ? 0U : 1U,
          .trail = end_bit % 6 == 0 ? 0U : 1U,
          .secret = index,
          .encoding = SecretEncoding::kBase64};
}

// The pattern found at `start` of a text whose first byte has the stream offset `base`.
SecretMatch match_at(const Pattern& pattern, std::uint64_t base, std::size_t start) {
  const std::uint64_t begin = base + start;
  const std::uint64_t lead = std::min<std::uint64_t>(pattern.lead, begin);
  return {.offset = begin - lead,
          .length = lead + pattern.text.size() + pattern.trail,
          .secret = pattern.secret,
          .encoding = pattern.encoding};
}

void sort_matches(std::vector<SecretMatch>& matches) { std::ranges::sort(matches); }

void fill(std::string& text, std::uint64_t offset, std::uint64_t length) {
  if (offset >= text.size()) return;
  std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(offset),
              std::min<std::uint64_t>(length, text.size() - offset), '*');
}

void fill(std::string& text, const std::vector<SecretMatch>& matches) {
  for (const SecretMatch& match : matches) fill(text, match.offset, match.length);
}

// How many bytes at the end of `text` may be a secret cut off there.
std::size_t cut_at_end(std::string_view text, const SecretPatterns& patterns) {
  std::size_t longest = 0;
  for (const Pattern& pattern : patterns.patterns()) {
    for (std::size_t n = std::min(text.size(), pattern.text.size() - 1); n > 0; --n) {
      if (!text.ends_with(std::string_view(pattern.text).substr(0, n))) continue;
      longest = std::max(longest, std::min(text.size(), n + pattern.lead));
      break;
    }
  }
  return longest;
}

// ... and at its beginning.
std::size_t cut_at_beginning(std::string_view text, const SecretPatterns& patterns) {
  std::size_t longest = 0;
  for (const Pattern& pattern : patterns.patterns()) {
    for (std::size_t n = std::min(text.size(), pattern.text.size() - 1); n > 0; --n) {
      if (!text.starts_with(std::string_view(pattern.text).substr(pattern.text.size() - n))) continue;
      longest = std::max(longest, std::min(text.size(), n + pattern.trail));
      break;
    }
  }
  return longest;
}

}  // namespace

std::string_view secret_encoding_name(SecretEncoding encoding) {
  return encoding == SecretEncoding::kPlain ? "plain" : "base64";
}

SecretPatterns::SecretPatterns(std::span<const std::string> secrets) {
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    if (secrets[i].empty()) continue;
    patterns_.push_back({.text = secrets[i], .secret = i});
    if (secrets[i].size() < kMinimumBase64) continue;
    for (std::size_t before = 0; before < 3; ++before) {
      patterns_.push_back(base64_pattern(secrets[i], before, i));
    }
  }
  for (const Pattern& pattern : patterns_) longest_ = std::max(longest_, pattern.text.size());
}

std::vector<SecretMatch> SecretPatterns::find(std::string_view text) const {
  std::vector<SecretMatch> matches;
  for (const Pattern& pattern : patterns_) {
    for (auto start = text.find(pattern.text); start != std::string_view::npos;
         start = text.find(pattern.text, start + 1)) {
      matches.push_back(match_at(pattern, 0, start));
    }
  }
  sort_matches(matches);
  return matches;
}

std::vector<SecretMatch> SecretFinder::feed(std::string_view bytes) {
  if (patterns_->empty()) return {};
  const std::size_t reach = patterns_->longest() - 1;
  const std::string border = carry_ + std::string(bytes.substr(0, reach));
  const std::uint64_t border_offset = offset_ - carry_.size();

  std::vector<SecretMatch> matches;
  for (const Pattern& pattern : patterns_->patterns()) {
    for (auto start = border.find(pattern.text); start < carry_.size();
         start = border.find(pattern.text, start + 1)) {
      if (start + pattern.text.size() > carry_.size()) {
        matches.push_back(match_at(pattern, border_offset, start));
      }
    }
    for (auto start = bytes.find(pattern.text); start != std::string_view::npos;
         start = bytes.find(pattern.text, start + 1)) {
      matches.push_back(match_at(pattern, offset_, start));
    }
  }
  sort_matches(matches);

  offset_ += bytes.size();
  if (bytes.size() >= reach) {
    carry_ = bytes.substr(bytes.size() - reach);
  } else {
    carry_ += bytes;
    carry_.erase(0, carry_.size() - std::min(carry_.size(), reach));
  }
  return matches;
}

void SecretFinder::skip(std::uint64_t count) {
  offset_ += count;
  carry_.clear();
}

void black_out(std::string& text, const SecretPatterns& patterns) { fill(text, patterns.find(text)); }

void black_out(std::string& text, std::span<const std::string> secrets) {
  black_out(text, SecretPatterns(secrets));
}

void black_out(OutputText& output, const SecretPatterns& patterns) {
  if (output.total <= output.head.size() + output.tail.size()) {
    std::string whole = output.head + output.tail;
    black_out(whole, patterns);
    output.tail = whole.substr(output.head.size());
    output.head = whole.substr(0, output.head.size());
    return;
  }
  const std::size_t head_cut = cut_at_end(output.head, patterns);
  const std::size_t tail_cut = cut_at_beginning(output.tail, patterns);
  black_out(output.head, patterns);
  black_out(output.tail, patterns);
  fill(output.head, output.head.size() - head_cut, head_cut);
  fill(output.tail, 0, tail_cut);
}

}  // namespace selfconnect
