// SPDX-License-Identifier: MIT
#include "harness/report/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

namespace selfconnect {

namespace {

constexpr std::size_t kDumpWidth = 16;

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // bytes
};

// The UTF-8 character at the front of `text` (RFC 3629: no surrogates, nothing overlong), if there is one.
std::optional<CodePoint> decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return CodePoint{first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return std::nullopt;
  char32_t value = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return std::nullopt;
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  static constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kLeast.at(length) || value > 0x10ffff || surrogate) return std::nullopt;
  return CodePoint{value, length};
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// Characters that show nothing, or change the order in which a terminal shows the others (Unicode Cf, Zl,
// Zp).
bool is_deceptive(char32_t c) {
  return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

std::string escape_byte(unsigned char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\x{:02x}", byte);
  }
}

bool is_bare(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("%+,-./:=@_").contains(c);
}

}  // namespace

std::string escape_bytes(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\\' || c == '"') {
      text += {'\\', c};
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += escape_byte(static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::string visible(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto point = decode(text);
    const std::size_t length = point ? point->length : 1;
    if (!point || point->value < 0x80) {
      const auto byte = static_cast<unsigned char>(text.front());
      shown += !point || is_control(byte) ? escape_byte(byte) : std::string(1, text.front());
    } else if (is_control(point->value) || is_deceptive(point->value)) {
      shown += fmt::format("\\u{{{:04x}}}", static_cast<std::uint32_t>(point->value));
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return shown;
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const auto point = decode(text);
    const std::size_t length = point ? point->length : 1;
    valid += point ? std::string(text.substr(0, length))
                   : fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    text.remove_prefix(length);
  }
  return valid;
}

std::string shell_word(std::string_view word) {
  if (!word.empty() && std::ranges::all_of(word, is_bare)) return std::string(word);
  if (visible(word) == word && !word.contains('\'')) return fmt::format("'{}'", word);
  std::string escaped;
  for (const char c : escape_bytes(word)) escaped += c == '\'' ? "\\'" : std::string(1, c);
  return fmt::format("$'{}'", escaped);
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += shell_word(word);
  }
  return line;
}

std::vector<std::string> hex_dump(std::string_view bytes) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes.size(); at += kDumpWidth) {
    const std::string_view part = bytes.substr(at, kDumpWidth);
    std::string hex;
    std::string text;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (i == kDumpWidth / 2) hex += ' ';
      hex += fmt::format("{:02x} ", static_cast<unsigned char>(part[i]));
      text += part[i] >= ' ' && part[i] <= '~' ? part[i] : '.';
    }
    lines.push_back(fmt::format("{:04x}  {:<49} |{}|", at, hex, text));
  }
  return lines;
}

std::string hex_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string milliseconds_text(double ms) {
  if (!std::isfinite(ms)) return "unknown";
  if (ms < 0) return fmt::format("-{}", milliseconds_text(-ms));
  if (ms > 0 && ms < 0.00095) return fmt::format("{:.0f} ns", ms * 1e6);
  if (ms < 0.995) return fmt::format("{:.2g} ms", ms);
  if (ms < 9.95) return fmt::format("{:.1f} ms", ms);
  if (ms < 999.5) return fmt::format("{:.0f} ms", ms);
  if (ms < 9'950) return fmt::format("{:.1f} s", ms / 1e3);
  if (ms < 119'500) return fmt::format("{:.0f} s", ms / 1e3);
  const double seconds = std::round(ms / 1e3);
  return fmt::format("{:.0f} min {:.0f} s", std::floor(seconds / 60), std::fmod(seconds, 60));
}

std::string duration_text(std::chrono::nanoseconds duration) {
  return milliseconds_text(std::chrono::duration<double, std::milli>(duration).count());
}

std::string quantity(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string grouped(std::uint64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

namespace {

// Bytes of `text` that fill `width` columns.
std::size_t bytes_of(std::string_view text, std::size_t width) {
  std::size_t at = 0;
  for (std::size_t column = 0; at < text.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80;
    if (starts && column++ == width) break;
  }
  return at;
}

void wrap_line(std::string_view line, std::size_t width, std::vector<std::string>& lines) {
  while (columns(line) > width) {
    const std::size_t fits = bytes_of(line, width);
    const std::size_t space = line.rfind(' ', fits);
    const bool at_space = space != std::string_view::npos && space > 0;
    lines.emplace_back(line.substr(0, at_space ? space : fits));
    line.remove_prefix(at_space ? space + 1 : fits);
  }
  lines.emplace_back(line);
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (;;) {
    const std::size_t newline = text.find('\n');
    wrap_line(text.substr(0, newline), std::max<std::size_t>(width, 1), lines);
    if (newline == std::string_view::npos) return lines;
    text.remove_prefix(newline + 1);
  }
}

std::string hanging(std::string_view head, std::string_view text, std::size_t width) {
  const std::size_t indent = columns(head);
  std::string shown;
  for (const std::string& line : wrap(text, width > indent ? width - indent : 1)) {
    shown += shown.empty() ? std::string(head) : std::string(indent, ' ');
    shown += line;
    shown += '\n';
  }
  return shown;
}

}  // namespace selfconnect
