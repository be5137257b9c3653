// The secret finder: what it finds does not depend on how the stream is cut, and nothing stays after blacking
// out. Input: length of the secret, the secret, then the text, cut at places that its own bytes choose.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trace/secret_finder.h"
#include "require.h"

using selfconnect::SecretFinder;
using selfconnect::SecretMatch;
using selfconnect::SecretPatterns;
using selfconnect::fuzz::require;

namespace {

std::vector<SecretMatch> feed_in_pieces(const SecretPatterns& patterns, std::string_view text) {
  SecretFinder finder(patterns);
  std::vector<SecretMatch> matches;
  while (!text.empty()) {
    const std::size_t piece = std::min<std::size_t>(text.size(), static_cast<std::uint8_t>(text[0]) % 7);
    const auto found = finder.feed(text.substr(0, std::max<std::size_t>(piece, 1)));
    matches.insert(matches.end(), found.begin(), found.end());
    text.remove_prefix(std::max<std::size_t>(piece, 1));
  }
  return matches;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<std::string> secrets = {std::string(input.substr(0, data[0] % 32)), "hunter22"};
  const std::string_view text = input.substr(secrets[0].size());
  const SecretPatterns patterns(secrets);

  auto pieces = feed_in_pieces(patterns, text);
  std::ranges::sort(pieces);
  require(pieces == patterns.find(text), "the same is found however the stream is cut");
  std::string black(text);
  selfconnect::black_out(black, patterns);
  require(black.size() == text.size(), "blacking out keeps the length");
  if (secrets[0].find('*') == std::string::npos) {
    require(patterns.find(black).empty(), "nothing is left after blacking out");
  }
  return 0;
}
