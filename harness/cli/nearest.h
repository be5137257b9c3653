// "did you mean": the known word that is nearest to a mistyped one. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace selfconnect {

// The choice with the fewest letters to insert, leave out or replace (Levenshtein's distance), when these are
// at most a third of the word.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> choices);

// "unknown rule 'hang': did you mean hangs?", or "...: expected one of a, b, c" when nothing is near.
[[nodiscard]] std::string unknown_word(std::string_view noun, std::string_view word,
                                       std::span<const std::string> choices);

}  // namespace selfconnect
