// SPDX-License-Identifier: MIT
#include "harness/launch/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/replace.hpp>
#include <boost/spirit/home/x3.hpp>

namespace selfconnect {

namespace {

namespace x3 = boost::spirit::x3;

constexpr std::string_view kPortPlaceholder = "{port}";
constexpr std::string_view kHostPlaceholder = "{host}";

// The grammar. Every part is a string, and a word is the parts that stand next to each other.
const auto single_quoted = x3::rule<struct SingleQuoted, std::string>{} = '\'' >> *(x3::char_ - '\'') >> '\'';
const auto double_quoted = x3::rule<struct DoubleQuoted, std::string>{} = '"' >>
                                                                          *(('\\' >> x3::char_("\"\\")) |
                                                                            (x3::char_ - '"')) >>
                                                                          '"';
const auto bare = x3::rule<struct Bare, std::string>{} =
    +(('\\' >> x3::char_) | (x3::char_ - x3::space - x3::char_("'\"\\")));
const auto word = x3::rule<struct Word, std::string>{} = +(bare | single_quoted | double_quoted);
const auto blanks = x3::omit[+x3::space];
const auto line = -blanks >> -(word % blanks) >> -blanks;

}  // namespace

Result<CommandLine> split_command_line(std::string_view text) {
  CommandLine words;
  const auto* at = text.begin();
  x3::parse(at, text.end(), line, words);
  if (at != text.end()) {
    const auto column = at - text.begin() + 1;
    return std::unexpected(error(*at == '\\'
                                     ? fmt::format("nothing follows the backslash in column {}", column)
                                     : fmt::format("the quote {} in column {} is not closed", *at, column)));
  }
  if (words.empty() || words.front().empty()) return std::unexpected(error("the command is empty"));
  return words;
}

CommandLine fill_placeholders(std::span<const std::string> command, const Endpoint& destination) {
  const std::string host = destination.address.text();
  const std::string port = fmt::format("{}", destination.port);
  const std::string url_host = destination.address.family() == Family::kIpv6 ? '[' + host + ']' : host;
  CommandLine filled(command.begin(), command.end());
  for (std::string& argument : filled) {
    boost::replace_all(argument, "{host}:{port}", url_host + ':' + port);
    boost::replace_all(argument, kHostPlaceholder, host);
    boost::replace_all(argument, kPortPlaceholder, port);
  }
  return filled;
}

bool has_placeholder(std::span<const std::string> command, Placeholder placeholder) {
  const auto name = placeholder == Placeholder::kPort ? kPortPlaceholder : kHostPlaceholder;
  return std::ranges::any_of(command, [&](const std::string& argument) { return argument.contains(name); });
}

}  // namespace selfconnect
