// JSON of a trace, field by field: texts that may hold any bytes, and checked reading. Used by trace_json
// only.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/sys/error.h"
#include "harness/trace/trace.h"

namespace selfconnect {

using Json = nlohmann::ordered_json;

// A string where the bytes are UTF-8 (RFC 3629), else {"bytes": "..."} with one character U+0000 to U+00FF a
// byte.
[[nodiscard]] Json text_to_json(std::string_view bytes);
[[nodiscard]] std::optional<std::string> text_from_json(const Json& json);
[[nodiscard]] Json texts_to_json(const std::vector<std::string>& texts);

// One line, ASCII only.
[[nodiscard]] std::string one_line(const Json& json);

// An object, nesting limited. The error names the byte: "byte 17: not JSON".
struct JsonProblem {
  std::size_t byte = 0;
  std::string what;
};
[[nodiscard]] std::expected<Json, JsonProblem> parse_object(std::string_view text);

// Reads the members of an object, each checked. The first problem is kept and stays; reads after it do
// nothing. A read of an optional leaves it alone where the member lacks; so does one of a value with
// `Need::kOptional`.
enum class Need { kRequired, kOptional };
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  void read(std::string_view key, Integer& value, Need need = Need::kRequired);
  void read(std::string_view key, bool& value, Need need = Need::kRequired);
  void read(std::string_view key, std::string& value, Need need = Need::kRequired);
  void read(std::string_view key, Instant& value, Need need = Need::kRequired);
  void read(std::string_view key, std::optional<Instant>& value);
  void read(std::string_view key, Endpoint& value, Need need = Need::kRequired);
  void read(std::string_view key, std::optional<Endpoint>& value);
  void read(std::string_view key, std::vector<std::string>& value, Need need = Need::kRequired);
  void read(std::string_view key, std::vector<std::uint64_t>& value, Need need = Need::kRequired);
  // An enumeration by its names; `last` is its last enumerator.
  template <class Enum>
  void read(std::string_view key, Enum& value, std::string_view (*name)(Enum), Enum last,
            Need need = Need::kRequired);
  // The member as it is; null where it lacks.
  [[nodiscard]] const Json* find(std::string_view key) const;
  // Each element of an array of objects, as Fields; nothing where the member lacks.
  template <class Visit>
  void each(std::string_view key, Visit visit);

  void fail(std::string_view key, std::string_view expected);
  void fail(std::string problem);
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

 private:
  // The member to read; null where nothing is to be done.
  const Json* take(std::string_view key, Need need);

  const Json& object_;
  std::optional<std::string> problem_;
};

template <std::integral Integer>
  requires(!std::same_as<Integer, bool>)
void Fields::read(std::string_view key, Integer& value, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  const bool fits = json->is_number_unsigned()
                        ? std::in_range<Integer>(json->get<std::uint64_t>())
                        : json->is_number_integer() && std::in_range<Integer>(json->get<std::int64_t>());
  if (!fits) return fail(key, "an integer in range");
  value = json->get<Integer>();
}

template <class Enum>
void Fields::read(std::string_view key, Enum& value, std::string_view (*name)(Enum), Enum last, Need need) {
  const Json* json = take(key, need);
  if (json == nullptr) return;
  for (int i = 0; json->is_string() && i <= static_cast<int>(last); ++i) {
    if (name(static_cast<Enum>(i)) != json->get_ref<const std::string&>()) continue;
    value = static_cast<Enum>(i);
    return;
  }
  fail(key, "one of its names");
}

template <class Visit>
void Fields::each(std::string_view key, Visit visit) {
  const Json* array = take(key, Need::kOptional);
  if (array == nullptr) return;
  if (!array->is_array()) return fail(key, "an array");
  for (const Json& element : *array) {
    if (!element.is_object()) return fail(key, "objects");
    Fields fields(element);
    visit(fields);
    if (fields.problem()) return fail(*fields.problem());
  }
}

}  // namespace selfconnect
