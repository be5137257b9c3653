// Rule secret-echoed: a secret, plain or base64, in what a client wrote to itself.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <string_view>

#include "fuzz/vnet/session/judge.h"

namespace selfconnect::vnet {

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The digits of base64 that depend on the secret alone, where `offset` bytes (0 to 2) stand before it: RFC 4648, 4.
std::string base64(std::string_view secret, std::size_t offset) {
  std::string digits;
  const std::size_t first_bit = offset * 8, end_bit = first_bit + secret.size() * 8;
  const auto bit = [&](std::size_t at) {
    const auto byte = static_cast<unsigned char>(secret[(at - first_bit) / 8]);
    return (byte >> (7 - (at - first_bit) % 8)) & 1U;
  };
  for (std::size_t at = (first_bit + 5) / 6 * 6; at + 6 <= end_bit; at += 6) {
    unsigned digit = 0;
    for (std::size_t next = at; next < at + 6; ++next) digit = digit * 2 + bit(next);
    digits += kDigits[digit];
  }
  return digits;
}

// "in plain text", "as base64", or nothing.
std::string_view how_written(std::string_view text, std::string_view secret) {
  if (text.find(secret) != std::string_view::npos) return "in plain text";
  constexpr std::size_t kTelling = 4;  // fewer digits stand anywhere
  for (std::size_t offset = 0; offset < 3; ++offset) {
    const std::string digits = base64(secret, offset);
    if (digits.size() >= kTelling && text.find(digits) != std::string_view::npos) return "as base64";
  }
  return {};
}

}  // namespace

std::optional<Finding> judge_secrets(const Record& record, const std::vector<std::string>& secrets) {
  for (std::size_t index = 0; index < record.attempts.size(); ++index) {
    const AttemptRecord& attempt = record.attempts[index];
    if (attempt.met != EventKind::kSelf || attempt.sent.empty()) continue;
    for (std::size_t number = 0; number < secrets.size(); ++number) {
      const std::string_view how = how_written(attempt.sent, secrets[number]);
      if (secrets[number].empty() || how.empty()) continue;
      return Finding{.rule = "secret-echoed",
                     .message = fmt::format("the client sent secret number {} {} to itself on {}", number + 1,
                                            how, attempt_text(record, index))};
    }
  }
  return std::nullopt;
}

}  // namespace selfconnect::vnet
