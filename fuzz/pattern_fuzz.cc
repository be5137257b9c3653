// Regular expressions: any text is one, or gets one line that says why not; what it finds is a part of the text, and the same
// each time. The input is the expression, and after the first NUL the text.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "harness/sys/pattern.h"
#include "require.h"

using selfconnect::Pattern;
using selfconnect::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view expression = input.substr(0, input.find('\0'));
  const std::string_view text = input.substr(std::min(input.size(), expression.size() + 1));
  const auto pattern = Pattern::compile(expression);
  if (!pattern) {
    require(!pattern.error().message.empty(), "an error says why");
    return 0;
  }
  require(!expression.empty(), "the empty expression is an error");
  const auto match = pattern->find(text);
  if (!match) return 0;
  require(match->data() >= text.data() && match->data() + match->size() <= text.data() + text.size(),
          "the match is a part of the text");
  const auto again = Pattern::compile(expression);
  const auto same = again ? again->find(text) : std::nullopt;
  require(same && same->data() == match->data() && same->size() == match->size(), "it finds the same again");
  return 0;
}
