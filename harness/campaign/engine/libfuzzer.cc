// The engine, where libFuzzer was found at build time. Its interface is C functions of fixed names, so what they work with
// stands in one variable of this file.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "harness/campaign/corpus.h"
#include "harness/campaign/fuzz_engine.h"
#include "harness/schedule/generate.h"

extern "C" int LLVMFuzzerRunDriver(int* argc, char*** argv,
                                   int (*test)(const std::uint8_t* data, std::size_t size));

namespace selfconnect {

namespace {

// `used`: written here and read by the engine, which finds it by its section.
__attribute__((section("__libfuzzer_extra_counters"),
               used)) std::array<std::uint8_t, kBehaviourCounters + kEdgeCounters>
    counters;

struct Running {
  const std::function<bool(std::string_view)>* test = nullptr;
  std::uint64_t most_attempts = 0;
};
Running running;

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A new one now and then, so that the search does not stay with what it began with.
constexpr std::uint32_t kFreshOneIn = 8;

// Half of the schedules have up to 4 attempts, a quarter up to 8, and so on: a run takes its time for each attempt, and most
// faults need few.
GenerateLimits limits(RandomSource& random) {
  constexpr std::uint64_t kShort = 4;
  const int doublings = std::countr_zero(random.next() | (1ULL << 32));
  return {.most_attempts = std::min(running.most_attempts, kShort << doublings)};
}

Schedule mutated(std::string_view input, RandomSource& random) {
  const auto schedule = parse_schedule(input);
  if (!schedule || random.below(kFreshOneIn) == 0) return generate_schedule(random, limits(random));
  return mutate_schedule(*schedule, random, limits(random));
}

// 0 where it has no room: the engine takes that as no input.
std::size_t put(const Schedule& schedule, std::uint8_t* into, std::size_t room) {
  const std::string text = print(schedule);
  if (text.size() > room) return 0;
  std::memcpy(into, text.data(), text.size());
  return text.size();
}

}  // namespace

bool has_fuzz_engine() { return true; }

FuzzCounters fuzz_counters() {
  const std::span<std::uint8_t> all(counters);
  return {.behaviour = all.first(kBehaviourCounters), .edges = all.subspan(kBehaviourCounters)};
}

void run_fuzz_engine(const EngineOptions& options, const std::function<bool(std::string_view)>& test) {
  running = {.test = &test, .most_attempts = options.most_attempts};
  std::vector<std::string> words = {
      "selfconnect fuzz-worker",
      fmt::format("-seed={}", options.seed),
      fmt::format("-max_len={}", kLongestInput),
      "-len_control=0",  // lengths are the mutator's
      "-reload=1",
      "-use_value_profile=0",
      "-rss_limit_mb=0",  // limits are for targets, not for the harness
      "-timeout=0",
      "-detect_leaks=0",
      "-print_final_stats=1",
      fmt::format("-artifact_prefix={}/", options.corpus.parent_path().string()),
  };
  // A fault of ours is to end this process as any other.
  for (const char* name : {"segv", "bus", "abrt", "ill", "fpe", "int", "term", "xfsz", "usr1", "usr2"}) {
    words.push_back(fmt::format("-handle_{}=0", name));
  }
  words.push_back(options.corpus.string());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(words.size());
  char** arguments = argv.data();
  std::exit(LLVMFuzzerRunDriver(&argc, &arguments, [](const std::uint8_t* data, std::size_t size) {
    return (*running.test)(text_of(data, size)) ? 0 : -1;
  }));
}

}  // namespace selfconnect

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room,
                                               unsigned int seed) {
  using namespace selfconnect;
  RandomSource random(seed);
  return put(mutated(text_of(data, size), random), data, room);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* into, std::size_t room, unsigned int seed) {
  using namespace selfconnect;
  RandomSource random(seed);
  const auto first = parse_schedule(text_of(one, one_size));
  const auto second = parse_schedule(text_of(other, other_size));
  if (!first || !second) return put(generate_schedule(random, limits(random)), into, room);
  return put(cross_schedules(*first, *second, random, limits(random)), into, room);
}
