// From the bytes that a fuzzer makes up to a schedule.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/schedule/schedule.h"

namespace selfconnect::vnet {

struct Decoded {
  Schedule schedule;
  bool is_text = false;  // the input is the text form, which can be replayed as it is
};

// The text form, where it is that; else as many events as the bytes make, up to `most_attempts`. Never fails, and the same
// bytes are always the same schedule.
[[nodiscard]] Decoded decode(std::string_view bytes, std::uint64_t most_attempts);

}  // namespace selfconnect::vnet
