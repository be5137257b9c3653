// SPDX-License-Identifier: MIT
#include "case_file.h"

#include <fmt/format.h>

#include <fstream>

namespace selfconnect::conformance {

namespace {

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

Result<CaseFile> read_case(const std::string& path) {
  std::ifstream file(path);
  CaseFile read;
  std::string flavours, calls;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    if (flavours.empty()) {
      flavours = line;
      continue;
    }
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos)
      return std::unexpected(error(fmt::format("{}: no result in '{}'", path, line)));
    if (!line.starts_with('(')) calls += line.substr(0, equals) + "; ";
    read.expected.push_back(line.substr(equals + 3));
  }
  const bool forced = flavours.ends_with(" forced");
  if (forced) flavours.resize(flavours.size() - std::string_view(" forced").size());
  for (std::size_t at = 0; at < flavours.size();) {
    const std::size_t end = std::min(flavours.find(' ', at), flavours.size());
    auto sequence =
        parse(fmt::format("{}{}: {}", flavours.substr(at, end - at), forced ? " forced" : "", calls));
    if (!sequence) return std::unexpected(error(fmt::format("{}: {}", path, sequence.error())));
    read.sequences.push_back(std::move(*sequence));
    at = end + 1;
  }
  if (read.sequences.empty()) return std::unexpected(error(fmt::format("{}: no such case", path)));
  return read;
}

Trace without_addresses(Trace trace, Flavour flavour) {
  const std::string_view loopback = flavour == Flavour::kIpv4   ? "127.0.0.1:"
                                    : flavour == Flavour::kIpv6 ? "[::1]:"
                                                                : "[::ffff:127.0.0.1]:";
  for (std::string& line : trace) {
    replace_all(line, loopback, "LO:");
    replace_all(line, flavour == Flavour::kIpv4 ? "0.0.0.0:" : "[::]:", "ANY:");
  }
  return trace;
}

}  // namespace selfconnect::conformance
