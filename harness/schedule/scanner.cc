// SPDX-License-Identifier: MIT
#include "harness/schedule/scanner.h"

#include <algorithm>
#include <charconv>

namespace selfconnect {

namespace {

constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

bool is_gap(char c) { return c == '#' || kWhiteSpace.contains(c); }

}  // namespace

bool Scanner::at_gap() const { return at_end() || is_gap(text_[position_]); }

void Scanner::skip_gap() {
  while (!at_end() && at_gap()) {
    if (take() == '#') position_ = std::min(text_.find('\n', position_), text_.size());
  }
}

bool Scanner::take_if(char c) {
  if (!next_is(c)) return false;
  ++position_;
  return true;
}

std::string_view Scanner::take_word() {
  const std::size_t begin = position_;
  while (!at_gap() && !std::string_view("*:[]\"").contains(text_[position_])) ++position_;
  return text_.substr(begin, position_ - begin);
}

std::expected<std::uint32_t, SyntaxError> Scanner::take_number(std::uint32_t least, std::uint32_t most,
                                                               std::string expected) {
  const std::size_t begin = position_;
  const std::string_view word = take_word();
  std::uint32_t number = 0;
  const auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (ec != std::errc{} || end != word.data() + word.size() || number < least || number > most) {
    return fail_at(begin, std::move(expected));
  }
  return number;
}

}  // namespace selfconnect
