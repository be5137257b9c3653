// Walks through the text of a schedule, for its parser only: words, numbers, white space and comments, and where an
// error is. Knows nothing of events and steps.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "harness/schedule/schedule.h"

namespace selfconnect {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] bool next_is(char c) const { return !at_end() && text_[position_] == c; }

  // At the end, at ASCII white space, or at the `#` of a comment: here a word may end.
  [[nodiscard]] bool at_gap() const;

  // Goes over white space and comments: `#` to the end of the line.
  void skip_gap();

  // Goes over one byte, which must be there.
  char take() { return text_[position_++]; }

  // Goes over `c`, if it comes next.
  bool take_if(char c);

  // Goes up to the next gap or one of * : [ ] ". May be empty.
  std::string_view take_word();

  // A whole number, decimal; the error is at its beginning and expects `expected`.
  std::expected<std::uint32_t, SyntaxError> take_number(std::uint32_t least, std::uint32_t most,
                                                        std::string expected);

  // An error here.
  [[nodiscard]] std::unexpected<SyntaxError> fail(std::string expected) const {
    return fail_at(position_, std::move(expected));
  }
  [[nodiscard]] static std::unexpected<SyntaxError> fail_at(std::size_t position, std::string expected) {
    return std::unexpected(SyntaxError{.position = position, .expected = std::move(expected)});
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace selfconnect
