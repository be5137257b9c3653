// SPDX-License-Identifier: MIT
#include "harness/sys/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace selfconnect {

namespace {

constexpr std::size_t kShown = 200;  // bytes of a wrong expression, in its error

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// A target prints bytes, which need not be UTF-8.
re2::RE2::Options over_bytes() {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  return options;
}

}  // namespace

Result<Pattern> Pattern::compile(std::string_view expression) {
  if (expression.empty()) return std::unexpected(error("the regular expression is empty"));
  auto compiled = std::make_shared<const re2::RE2>(piece(expression), over_bytes());
  if (compiled->ok()) return Pattern(std::move(compiled));
  return std::unexpected(
      error(fmt::format("'{}{}' is not a regular expression: {}", expression.substr(0, kShown),
                        expression.size() > kShown ? "..." : "", compiled->error())));
}

std::optional<std::string_view> Pattern::find(std::string_view text) const {
  re2::StringPiece match;
  if (!compiled_->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, &match, 1)) return std::nullopt;
  return std::string_view(match.data(), match.size());
}

}  // namespace selfconnect
