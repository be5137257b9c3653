// The text form of schedules: any bytes give a schedule or an error with its place. What was read is written in a form
// that reads back as the same, and so is what the mutator makes of it.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/schedule/generate.h"
#include "harness/schedule/schedule.h"
#include "require.h"

using selfconnect::Schedule;
using selfconnect::fuzz::require;

namespace {

void check_schedule(const Schedule& schedule, std::uint64_t most_attempts) {
  require(selfconnect::length(schedule) <= most_attempts, "no more attempts than the limit");
  require(schedule.entries.size() <= selfconnect::kMostEntries, "no more entries than the limit");
  require(selfconnect::normal_form(schedule) == schedule, "it is in normal form");
  require(selfconnect::parse_schedule(selfconnect::print(schedule)) == schedule,
          "what is written reads back as the same");
}

void check_error(const selfconnect::SyntaxError& error, std::string_view text) {
  require(error.position <= text.size(), "the place is in the text");
  for (const char byte : error.message(text))
    require(byte >= ' ' && byte <= '~', "a message is one printable line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto steps = selfconnect::parse_steps(text)) {
    require(!steps->empty() && steps->size() <= selfconnect::kMostSteps, "as many steps as may be");
    check_schedule(
        {.entries = {{.event = {.kind = selfconnect::EventKind::kScript, .amount = 0, .steps = *steps},
                      .count = 1}}},
        1);
  } else {
    check_error(steps.error(), text);
  }
  const auto schedule = selfconnect::parse_schedule(text);
  if (!schedule) {
    check_error(schedule.error(), text);
    return 0;
  }
  check_schedule(*schedule, selfconnect::kMostAttempts);
  std::uint64_t seed = size;
  for (const char byte : text) seed = selfconnect::RandomSource::mix(seed + static_cast<unsigned char>(byte));
  selfconnect::RandomSource random(seed);
  const selfconnect::GenerateLimits limits{.most_attempts = 1 + random.below(selfconnect::kMostAttempts)};
  const Schedule mutant = selfconnect::mutate_schedule(*schedule, random, limits);
  check_schedule(mutant, limits.most_attempts);
  check_schedule(selfconnect::cross_schedules(mutant, *schedule, random, limits), limits.most_attempts);
  return 0;
}
