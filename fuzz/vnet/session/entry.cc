// What a fuzzing engine calls, for whatever target this program has. The interface is C functions of fixed names, so what they
// work with stands in one variable of this file.
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "fuzz/vnet/session/command.h"
#include "fuzz/vnet/session/decode.h"
#include "fuzz/vnet/session/entry.h"
#include "fuzz/vnet/session/mutate.h"
#include "fuzz/vnet/session/trial.h"
#include "harness/schedule/generate.h"

// Null in a program without such an engine.
extern "C" __attribute__((weak)) std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                                              std::size_t room);

namespace selfconnect::vnet {

namespace {

Trial& trial() {
  static Trial trial(fuzz_target());
  return trial;
}

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// 0 where it has no room: the engine takes that as no input.
std::size_t put(const Schedule& schedule, std::uint8_t* into, std::size_t room) {
  const std::string text = print(schedule);
  if (text.size() > room) return 0;
  std::memcpy(into, text.data(), text.size());
  return text.size();
}

}  // namespace

void play_input(std::string_view input, const std::string& file) { trial().play(input, file); }

void show_traces() { trial().show_traces(); }

}  // namespace selfconnect::vnet

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace selfconnect::vnet;
  if (is_own_command(*argc, *argv)) std::exit(play_command(*argc, *argv));
  if (std::getenv("SELFCONNECT_VNET_TRACE") != nullptr) show_traces();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  selfconnect::vnet::play_input(selfconnect::vnet::text_of(data, size), "FILE");
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room,
                                               unsigned seed) {
  using namespace selfconnect::vnet;
  const std::uint64_t most = fuzz_target().most_attempts;
  selfconnect::RandomSource random(seed);
  return put(mutated(decode(text_of(data, size), most).schedule, random, most, LLVMFuzzerMutate), data, room);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* into, std::size_t room, unsigned seed) {
  using namespace selfconnect::vnet;
  const std::uint64_t most = fuzz_target().most_attempts;
  selfconnect::RandomSource random(seed);
  return put(selfconnect::cross_schedules(decode(text_of(one, one_size), most).schedule,
                                          decode(text_of(other, other_size), most).schedule, random,
                                          {.most_attempts = most}),
             into, room);
}
