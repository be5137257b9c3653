// SPDX-License-Identifier: MIT
#include "harness/ports/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace selfconnect {

namespace {

enum class Parameter { kNone, kPorts, kSeed, kOptionalSeed };

struct Form {
  PolicyKind kind;
  std::string_view name;
  Parameter parameter;
  std::string_view usage;
};

constexpr std::array<Form, 9> kForms = {
    {{PolicyKind::kForce, "force", Parameter::kNone, "force"},
     {PolicyKind::kSequential, "sequential", Parameter::kPorts, "sequential:FIRST[-LAST]"},
     {PolicyKind::kRandom, "random", Parameter::kSeed, "random:SEED"},
     {PolicyKind::kKernel, "kernel", Parameter::kNone, "kernel"},
     {PolicyKind::kLinux2_6, "linux-2.6", Parameter::kOptionalSeed, "linux-2.6[:SEED]"},
     {PolicyKind::kLinux4_2, "linux-4.2", Parameter::kOptionalSeed, "linux-4.2[:SEED]"},
     {PolicyKind::kLinux5_18, "linux-5.18", Parameter::kOptionalSeed, "linux-5.18[:SEED]"},
     {PolicyKind::kFreebsd, "freebsd", Parameter::kOptionalSeed, "freebsd[:SEED]"},
     {PolicyKind::kMacos, "macos", Parameter::kOptionalSeed, "macos[:SEED]"}}};

const Form& form_of(PolicyKind kind) { return *std::ranges::find(kForms, kind, &Form::kind); }

std::unexpected<Error> unknown(std::string_view name) {
  std::vector<std::string_view> usages;
  for (const Form& form : kForms) usages.push_back(form.usage);
  return std::unexpected(
      error(fmt::format("unknown policy '{}': expected one of {}", name, fmt::join(usages, ", "))));
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<std::uint16_t> port_of(std::string_view text) {
  const auto port = number_of<std::uint16_t>(text);
  if (!port || *port == 0)
    return std::unexpected(error(fmt::format("'{}' is not a port: expected 1 to 65535", text)));
  return *port;
}

Result<Policy> sequential_of(std::string_view ports) {
  const auto dash = ports.find('-');
  const auto first = port_of(ports.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  if (dash == std::string_view::npos) return Policy::sequential(*first);
  const auto last = port_of(ports.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (*last < *first) {
    return std::unexpected(error(fmt::format(
        "the ports {0}-{1} are the wrong way round: expected sequential:{1}-{0}", *first, *last)));
  }
  return Policy::sequential(*first, *last);
}

Result<std::uint64_t> seed_of(std::string_view text) {
  const auto seed = number_of<std::uint64_t>(text);
  if (!seed)
    return std::unexpected(
        error(fmt::format("'{}' is not a seed: expected a whole number, 0 or more", text)));
  return *seed;
}

}  // namespace

std::string Policy::text() const {
  const Form& form = form_of(kind);
  switch (form.parameter) {
    case Parameter::kPorts:
      return last == 65535 ? fmt::format("{}:{}", form.name, first)
                           : fmt::format("{}:{}-{}", form.name, first, last);
    case Parameter::kSeed:
    case Parameter::kOptionalSeed:
      if (seed) return fmt::format("{}:{}", form.name, *seed);
      break;
    case Parameter::kNone:
      break;
  }
  return std::string(form.name);
}

Result<Policy> parse_policy(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto* form = std::ranges::find(kForms, name, &Form::name);
  if (form == kForms.end()) return unknown(name);
  std::optional<std::string_view> parameter;
  if (colon != std::string_view::npos) parameter = text.substr(colon + 1);

  Policy policy{.kind = form->kind};
  switch (form->parameter) {
    case Parameter::kNone:
      if (parameter)
        return std::unexpected(error(fmt::format("'{}': policy {} takes nothing after it", text, name)));
      return policy;
    case Parameter::kPorts:
      if (!parameter)
        return std::unexpected(error("policy sequential lacks its ports: expected sequential:FIRST[-LAST]"));
      return sequential_of(*parameter);
    case Parameter::kSeed:
      if (!parameter)
        return std::unexpected(error("policy random lacks its seed: expected random:SEED, such as random:7"));
      break;
    case Parameter::kOptionalSeed:
      if (!parameter) return policy;
      break;
  }
  const auto seed = seed_of(*parameter);
  if (!seed) return std::unexpected(seed.error());
  policy.seed = *seed;
  return policy;
}

bool is_model(PolicyKind kind) { return form_of(kind).parameter == Parameter::kOptionalSeed; }

std::string_view policy_name(PolicyKind kind) { return form_of(kind).name; }

}  // namespace selfconnect
