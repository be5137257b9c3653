// SPDX-License-Identifier: MIT
#include "harness/trace/json_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace selfconnect {

namespace {

constexpr int kMaxDepth = 16;

struct TooDeep {};

// The length of the UTF-8 sequence at the beginning; 0 when it is none (RFC 3629 4).
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  const std::uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;   // shorter forms exist
  const std::uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;  // surrogates, over U+10FFFF
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0U | byte >> 6U);
      text += static_cast<char>(0x80U | (byte & 0x3fU));
    }
  }
  return text;
}

// `text` is UTF-8, as the parser has checked.
std::optional<std::string> utf8_to_latin1(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<std::uint8_t>(text[i]);
    if (first < 0x80) {
      bytes += text[i];
      continue;
    }
    if (first > 0xc3 || i + 1 == text.size()) return std::nullopt;
    bytes += static_cast<char>((first & 0x03U) << 6U | (static_cast<std::uint8_t>(text[++i]) & 0x3fU));
  }
  return bytes;
}

}  // namespace

Json text_to_json(std::string_view bytes) {
  if (is_utf8(bytes)) return Json(bytes);
  return Json{{"bytes", latin1_to_utf8(bytes)}};
}

std::optional<std::string> text_from_json(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object() || json.size() != 1) return std::nullopt;
  const auto bytes = json.find("bytes");
  if (bytes == json.end() || !bytes->is_string()) return std::nullopt;
  return utf8_to_latin1(bytes->get_ref<const std::string&>());
}

Json texts_to_json(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts) array.push_back(text_to_json(text));
  return array;
}

std::string one_line(const Json& json) {
  constexpr bool kAsciiOnly = true;
  return json.dump(-1, ' ', kAsciiOnly);
}

std::expected<Json, JsonProblem> parse_object(std::string_view text) {
  const auto limit_depth = [](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxDepth) throw TooDeep{};
    return true;
  };
  try {
    Json json = Json::parse(text, limit_depth);
    if (json.is_object()) return json;
    return std::unexpected(JsonProblem{0, "expected an object"});
  } catch (const Json::parse_error& problem) {
    return std::unexpected(JsonProblem{problem.byte, "not JSON"});
  } catch (const Json::exception&) {  // a number out of range
    return std::unexpected(JsonProblem{0, "not JSON that can be held"});
  } catch (const TooDeep&) {
    return std::unexpected(JsonProblem{0, "nested too deeply"});
  }
}

void Fields::read(std::string_view key, bool& value, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  if (!json->is_boolean()) return fail(key, "true or false");
  value = json->get<bool>();
}

void Fields::read(std::string_view key, std::string& value, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  auto text = text_from_json(*json);
  if (!text) return fail(key, "a string or {\"bytes\": ...}");
  value = *std::move(text);
}

void Fields::read(std::string_view key, Instant& value, Need need) {
  std::int64_t nanoseconds = value.count();
  read(key, nanoseconds, need);
  value = Instant(nanoseconds);
}

void Fields::read(std::string_view key, std::optional<Instant>& value) {
  if (find(key) == nullptr) return;
  read(key, value.emplace());
}

void Fields::read(std::string_view key, Endpoint& value, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  if (!json->is_string()) return fail(key, "ADDRESS:PORT");
  const auto endpoint = Endpoint::parse(json->get_ref<const std::string&>());
  if (!endpoint) return fail(key, "ADDRESS:PORT");
  value = *endpoint;
}

void Fields::read(std::string_view key, std::optional<Endpoint>& value) {
  if (find(key) == nullptr) return;
  read(key, value.emplace());
}

void Fields::read(std::string_view key, std::vector<std::string>& value, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  if (!json->is_array()) return fail(key, "an array of strings");
  for (const Json& element : *json) {
    auto text = text_from_json(element);
    if (!text) return fail(key, "an array of strings");
    value.push_back(*std::move(text));
  }
}

void Fields::read(std::string_view key, std::vector<std::uint64_t>& value, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  if (!json->is_array()) return fail(key, "an array of integers");
  for (const Json& element : *json) {
    if (!element.is_number_unsigned()) return fail(key, "an array of integers");
    value.push_back(element.get<std::uint64_t>());
  }
}

const Json* Fields::find(std::string_view key) const {
  const auto member = object_.find(key);
  return member == object_.end() ? nullptr : &*member;
}

void Fields::fail(std::string_view key, std::string_view expected) {
  fail(fmt::format("'{}': expected {}", key, expected));
}

void Fields::fail(std::string problem) {
  if (!problem_) problem_ = std::move(problem);
}

const Json* Fields::take(std::string_view key, Need need) {
  if (problem_) return nullptr;
  const Json* json = find(key);
  if (json == nullptr && need == Need::kRequired) fail(fmt::format("'{}' is missing", key));
  return json;
}

}  // namespace selfconnect
