// Finds the user's secrets in streams of bytes, plain and as base64, and blacks them out.
// A secret of fewer than kMinimumBase64 bytes is looked for in plain only: the part of its base64 form that
// does not depend on its neighbours is too short to be told from chance. Empty secrets are ignored.
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

enum class SecretEncoding { kPlain, kBase64 };
[[nodiscard]] std::string_view secret_encoding_name(SecretEncoding encoding);  // "plain", "base64"

// A place in a stream. For base64 the characters that hold any bit of the secret.
struct SecretMatch {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::size_t secret = 0;  // index, as given
  SecretEncoding encoding = SecretEncoding::kPlain;

  auto operator<=>(const SecretMatch&) const = default;
};

// The texts to look for, made once.
//
// Base64 (RFC 4648 4) turns 3 bytes into 4 characters, so the form of a secret inside a longer text depends
// on how many bytes precede it, modulo 3. Per alignment the characters wholly made of secret bits are fixed:
//
//   bytes        |  u  s  :  |  S  E  C  |  R  E  T  |        alignment 0: all fixed
//   bytes        |  u  :  S  |  E  C  R  |  E  T  x  |        alignment 2: `S` shares a character with `:`
//   characters   |  a b c d  |  e f g h  |  i j k l  |        fixed: d..j; c and k hold bits of both
class SecretPatterns {
 public:
  static constexpr std::size_t kMinimumBase64 = 6;

  struct Pattern {
    std::string text;      // the fixed characters
    std::size_t lead = 0;  // characters before and after them that hold some bits of the secret
    std::size_t trail = 0;
    std::size_t secret = 0;
    SecretEncoding encoding = SecretEncoding::kPlain;
  };

  SecretPatterns() = default;
  explicit SecretPatterns(std::span<const std::string> secrets);

  [[nodiscard]] bool empty() const { return patterns_.empty(); }
  [[nodiscard]] std::span<const Pattern> patterns() const { return patterns_; }
  [[nodiscard]] std::size_t longest() const { return longest_; }  // bytes
  // All occurrences in `text`, overlapping ones too, in order of offset.
  [[nodiscard]] std::vector<SecretMatch> find(std::string_view text) const;

 private:
  std::vector<Pattern> patterns_;
  std::size_t longest_ = 0;
};

// One stream. Holds the last longest() - 1 bytes of it, so that a match may cross the borders of chunks.
class SecretFinder {
 public:
  explicit SecretFinder(const SecretPatterns& patterns) : patterns_(&patterns) {}  // patterns outlive it

  // Matches that end in these bytes, in order of offset.
  [[nodiscard]] std::vector<SecretMatch> feed(std::string_view bytes);
  // Bytes of the stream that are not known; no match crosses them.
  void skip(std::uint64_t count);

 private:
  const SecretPatterns* patterns_;
  std::string carry_;         // the stream's bytes before offset_
  std::uint64_t offset_ = 0;  // of the next byte
};

// Replaces every occurrence by '*', length unchanged. A text that was cut out of a longer one may begin or
// end in the middle of a secret: see black_out(OutputText).
void black_out(std::string& text, const SecretPatterns& patterns);
void black_out(std::string& text, std::span<const std::string> secrets);
// Head and tail of one stream: also what crosses from head to tail and, where the middle is missing, what may
// be the beginning of a secret at the head's end or the end of one at the tail's beginning.
void black_out(OutputText& output, const SecretPatterns& patterns);

}  // namespace selfconnect
