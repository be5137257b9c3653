// The user's regular expressions, as RE2 has them (https://github.com/google/re2/wiki/Syntax): a search takes time linear in
// the text and bounded memory, whatever the expression; the price is no back references and no lookaround.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/sys/error.h"

namespace re2 {
class RE2;
}

namespace selfconnect {

// A compiled expression over bytes. Cheap to copy; any number of threads may search with it.
class Pattern {
 public:
  // The error says why it is no regular expression. The empty one, which matches everything, is an error too.
  [[nodiscard]] static Result<Pattern> compile(std::string_view expression);

  // The leftmost match, a part of `text`. `^` and `$` stand for the ends of `text`.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view text) const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace selfconnect
