// SPDX-License-Identifier: MIT
#include "harness/ports/allocator_model.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::uint32_t kPerturbations = 1 << 16;  // INET_TABLE_PERTURB_SIZE
constexpr std::uint32_t kRandomSteps = 8;

std::optional<int> number_at(std::string_view& text) {
  int number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

PortLayout default_layout(PolicyKind model) {
  switch (model) {
    case PolicyKind::kLinux2_6:
      return {.low = 32768, .high = 61000, .reserved = {}};
    case PolicyKind::kFreebsd:
      return {.low = 10000, .high = 65535, .reserved = {}};  // IPPORT_EPHEMERALFIRST
    case PolicyKind::kMacos:
      return {.low = 49152, .high = 65535, .reserved = {}};  // IPPORT_HIFIRSTAUTO
    default:
      return {};
  }
}

std::optional<PolicyKind> model_of_release(std::string_view release) {
  const auto major = number_at(release);
  if (!major || !release.starts_with('.')) return std::nullopt;
  release.remove_prefix(1);
  const auto minor = number_at(release);
  if (!minor) return std::nullopt;
  const std::pair version(*major, *minor);
  if (version >= std::pair(5, 18)) return PolicyKind::kLinux5_18;
  return version >= std::pair(4, 2) ? PolicyKind::kLinux4_2 : PolicyKind::kLinux2_6;
}

AllocatorModel::AllocatorModel(PolicyKind model, const PortLayout& layout, std::uint64_t seed)
    : model_(model), low_(layout.low), high_(layout.high), random_(seed), secret_(random_.next()) {
  for (const std::uint16_t port : layout.reserved) reserved_.set(port);
  hint_ = low_ + random_.below(high_ - low_ + 1);  // where the machine has got to by now
}

bool AllocatorModel::is_free(std::uint32_t port, const Usable& usable) const {
  return !reserved_.test(port) && (!usable || usable(static_cast<std::uint16_t>(port)));
}

std::uint64_t AllocatorModel::hash(const Endpoint& destination) const {
  std::uint64_t value = RandomSource::mix(secret_ ^ (std::uint64_t{period_} << 16 | destination.port));
  for (const char byte : destination.address.bytes()) {
    value = RandomSource::mix(value ^ static_cast<unsigned char>(byte));
  }
  return value;
}

std::optional<std::uint16_t> AllocatorModel::next(const Endpoint& destination, const Usable& usable) {
  if (model_ == PolicyKind::kLinux2_6) return next_linux_2_6(destination, usable);
  if (model_ == PolicyKind::kFreebsd || model_ == PolicyKind::kMacos) return next_in_turn(usable);
  const std::uint64_t port_offset = hash(destination);
  if (model_ == PolicyKind::kLinux4_2) {
    return next_by_parity(hint_ + static_cast<std::uint32_t>(port_offset), hint_, usable);
  }
  std::uint32_t& hint = perturbation(static_cast<std::uint32_t>(port_offset % kPerturbations));
  return next_by_parity(hint + static_cast<std::uint32_t>(port_offset >> 32), hint, usable);
}

std::optional<std::uint16_t> AllocatorModel::next_linux_2_6(const Endpoint& destination,
                                                            const Usable& usable) {
  const std::uint32_t remaining = high_ - low_ + 1;
  const std::uint32_t offset = hint_ + static_cast<std::uint32_t>(hash(destination));
  for (std::uint32_t i = 1; i <= remaining; ++i) {
    const std::uint32_t port = low_ + (i + offset) % remaining;
    if (!is_free(port, usable)) continue;
    hint_ += i;
    return static_cast<std::uint16_t>(port);
  }
  return std::nullopt;
}

std::optional<std::uint16_t> AllocatorModel::next_by_parity(std::uint32_t offset, std::uint32_t& hint,
                                                            const Usable& usable) {
  std::uint32_t remaining = high_ - low_ + 1;
  if (remaining > 1) remaining &= ~1U;  // no scan starts at the last port of an odd range
  const std::uint32_t even = offset % remaining & ~1U;
  for (std::uint32_t parity = 0; parity < std::min(remaining, 2U); ++parity) {
    std::uint32_t port = low_ + even + parity;
    for (std::uint32_t i = 0; i < remaining; i += 2, port += 2) {
      if (port > high_) port -= remaining;
      if (!is_free(port, usable)) continue;
      if (model_ == PolicyKind::kLinux5_18) i = std::max(i, 2 * random_.below(kRandomSteps));
      hint += i + 2;
      return static_cast<std::uint16_t>(port);
    }
  }
  return std::nullopt;
}

std::optional<std::uint16_t> AllocatorModel::next_in_turn(const Usable& usable) {
  const std::uint32_t length = high_ - low_ + 1;
  if (model_ == PolicyKind::kFreebsd && length > 1) hint_ = low_ + random_.below(length - 1);
  for (std::uint32_t tried = 0; tried < length; ++tried) {
    hint_ = hint_ >= high_ ? low_ : hint_ + 1;
    if (is_free(hint_, usable)) return static_cast<std::uint16_t>(hint_);
  }
  return std::nullopt;
}

std::uint32_t& AllocatorModel::perturbation(std::uint32_t index) {
  const auto initial = static_cast<std::uint32_t>(RandomSource::mix(secret_ ^ (index + 1)) >> 32);
  return perturbations_.try_emplace(index, initial).first->second;
}

}  // namespace selfconnect
