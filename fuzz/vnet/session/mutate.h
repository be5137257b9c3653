// New inputs out of old ones: schedules by their own mutator, and the bytes that peers say by the fuzzer's, which knows
// dictionaries and what the client compared them with.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "harness/schedule/schedule.h"
#include "harness/sys/random_source.h"

namespace selfconnect::vnet {

// Changes `size` of `room` bytes in place, and gives the new size: LLVMFuzzerMutate.
using ChangeBytes = std::size_t (*)(std::uint8_t* bytes, std::size_t size, std::size_t room);

// `change_bytes` may be null: then what is said is changed as the rest is.
[[nodiscard]] Schedule mutated(const Schedule& schedule, RandomSource& random, std::uint64_t most_attempts,
                               ChangeBytes change_bytes);

}  // namespace selfconnect::vnet
