// SPDX-License-Identifier: MIT
#include "harness/schedule/step_syntax.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::string_view kSteps = R"(read:BYTES, say:"TEXT", close, reset, half-close)";

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<unsigned> take_hex_digit(Scanner& scanner) {
  return scanner.at_end() ? std::nullopt : hex_digit(scanner.take());
}

// What follows the backslash.
std::optional<char> take_escaped(Scanner& scanner) {
  if (scanner.at_end()) return std::nullopt;
  switch (const char c = scanner.take()) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
      return c;
    case 'x': {
      const auto high = take_hex_digit(scanner);
      const auto low = high ? take_hex_digit(scanner) : std::nullopt;
      if (!low) return std::nullopt;
      return static_cast<char>(*high << 4U | *low);
    }
    default:
      return std::nullopt;
  }
}

std::expected<std::string, SyntaxError> take_quoted(Scanner& scanner) {
  const std::size_t begin = scanner.position();
  std::string bytes;
  if (!scanner.take_if('"')) return scanner.fail(R"(a text in quotes, such as "+OK\r\n")");
  while (!scanner.take_if('"')) {
    if (scanner.at_end() || scanner.next_is('\n')) {
      return Scanner::fail_at(begin, "a text that ends with a quote on the same line");
    }
    const std::size_t here = scanner.position();
    char byte = scanner.take();
    if (byte == '\\') {
      const auto escaped = take_escaped(scanner);
      if (!escaped) return Scanner::fail_at(here, R"(one of \n, \r, \t, \", \\, \xHH)");
      byte = *escaped;
    }
    bytes += byte;
  }
  if (bytes.empty()) return Scanner::fail_at(begin, "a text of at least one byte");
  return bytes;
}

std::expected<Step, SyntaxError> take_amount(Scanner& scanner) {
  if (!scanner.take_if(':')) return scanner.fail("`:BYTES` after read, such as read:5");
  const auto amount = scanner.take_number(1, kMostBytes, fmt::format("1 to {} bytes to read", kMostBytes));
  if (!amount) return std::unexpected(amount.error());
  return Step{.what = Step::What::kRead, .amount = *amount, .bytes = {}};
}

std::expected<Step, SyntaxError> take_text(Scanner& scanner) {
  if (!scanner.take_if(':')) return scanner.fail(R"(`:"TEXT"` after say, such as say:"+OK\r\n")");
  auto bytes = take_quoted(scanner);
  if (!bytes) return std::unexpected(bytes.error());
  return Step{.what = Step::What::kSay, .amount = 0, .bytes = std::move(*bytes)};
}

std::expected<Step, SyntaxError> take_step(Scanner& scanner, bool may_end) {
  const std::size_t begin = scanner.position();
  const std::string_view word = scanner.take_word();
  if (word == "read") return take_amount(scanner);
  if (word == "say") return take_text(scanner);
  if (word == "close") return Step{.what = Step::What::kClose, .amount = 0, .bytes = {}};
  if (word == "reset") return Step{.what = Step::What::kReset, .amount = 0, .bytes = {}};
  if (word == "half-close") return Step{.what = Step::What::kHalfClose, .amount = 0, .bytes = {}};
  return Scanner::fail_at(begin, fmt::format("a step ({}){}", kSteps, may_end ? " or the closing `]`" : ""));
}

bool is_last(const Step& step) { return step.what == Step::What::kClose || step.what == Step::What::kReset; }

}  // namespace

std::expected<std::vector<Step>, SyntaxError> take_steps(Scanner& scanner, StepsEnd end) {
  const std::size_t open = scanner.position() - (end == StepsEnd::kBracket ? 1 : 0);
  std::vector<Step> steps;
  std::size_t said = 0;
  for (scanner.skip_gap();; scanner.skip_gap()) {
    const std::size_t begin = scanner.position();
    if (end == StepsEnd::kBracket && scanner.at_end()) {
      return Scanner::fail_at(open, "steps that end with `]`");
    }
    if (!steps.empty() && (scanner.at_end() || (end == StepsEnd::kBracket && scanner.next_is(']')))) {
      return steps;
    }
    if (!steps.empty() && is_last(steps.back())) {
      return scanner.fail(fmt::format("no step after {}, which is the last",
                                      steps.back().what == Step::What::kClose ? "close" : "reset"));
    }
    auto step = take_step(scanner, end == StepsEnd::kBracket && !steps.empty());
    if (!step) return std::unexpected(step.error());
    if (!scanner.at_gap() && !(end == StepsEnd::kBracket && scanner.next_is(']'))) {
      return scanner.fail(end == StepsEnd::kBracket ? "white space or `]` after a step"
                                                    : "white space after a step");
    }
    said += step->bytes.size();
    if (said > kMostBytes) {
      return Scanner::fail_at(begin, fmt::format("at most {} bytes said in all", kMostBytes));
    }
    if (steps.size() == kMostSteps)
      return Scanner::fail_at(begin, fmt::format("at most {} steps", kMostSteps));
    steps.push_back(std::move(*step));
  }
}

}  // namespace selfconnect
