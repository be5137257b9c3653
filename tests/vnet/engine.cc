// A fuzz target that misbehaves as the variable SELFCONNECT_CONDUCT says, with libFuzzer around it, which must tell it as without
// vnet: loops, asks (the time, for ever), refused, overflows and dies (with ASan), exits,
// survives.
// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/vnet/client.h"
#include "tests/vnet/run.h"

extern "C" int LLVMFuzzerRunDriver(int* argc, char*** argv,
                                   int (*target)(const std::uint8_t* data, std::size_t size));
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

std::string conduct;

// Says so where a call of the engine, which reports what the client did, is taken for the client's.
class Suspicious : public selfconnect::vnet::ListeningOverseer {
 public:
  void called(const char* name) override {
    if (over) std::fprintf(stderr, "%s() of the engine in the run\n", name);
  }

  bool over = false;
};

void say_where() {
  const bool in_run = selfconnect::vnet::current_host() != nullptr;
  std::fprintf(stderr, "%s\n", in_run ? "the end of the engine in the run" : "the end is outside of the run");
}

int run_once(const std::uint8_t* data, std::size_t size) {
  Suspicious overseer;
  selfconnect::vnet::Host host(overseer);
  const selfconnect::vnet::HostScope run(host);
  // What comes after the last call of a client that does not return.
  overseer.over = conduct == "loops" || conduct == "overflows" || conduct == "exits";
  volatile std::size_t turns = 1;
  if (conduct == "loops") {
    while (turns == 1) continue;
  } else if (conduct == "asks") {
    timespec now{};
    while (client_clock_gettime(CLOCK_MONOTONIC, &now) >= 0) continue;
  } else if (conduct == "refused") {
    client_fork();
  } else if (conduct == "overflows" || conduct == "dies") {
    if (conduct == "dies") __sanitizer_set_death_callback(say_where);
    auto* const bytes = static_cast<volatile char*>(std::malloc(1));
    bytes[turns] = 0;
  } else if (conduct == "exits") {
    std::atexit(say_where);
    std::exit(0);
  }
  static_cast<void>(data);
  static_cast<void>(size);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const said = std::getenv("SELFCONNECT_CONDUCT");
  if (said == nullptr) return 64;
  conduct = said;
  return LLVMFuzzerRunDriver(&argc, &argv, run_once);
}
