// A fuzz target that misbehaves as its first argument says, with libFuzzer around it: what it says of a run must be as without vnet.
//   loops, asks, refused, overflows (with ASan), exits, survives
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

namespace {

std::string conduct;

int run_once(const std::uint8_t* data, std::size_t size) {
  const selfconnect::vnet::TestRun run;
  volatile std::size_t turns = 1;
  if (conduct == "loops") {
    while (turns == 1) continue;
  } else if (conduct == "asks") {
    timespec now{};
    while (client_clock_gettime(CLOCK_MONOTONIC, &now) >= 0) continue;
  } else if (conduct == "refused") {
    client_fork();
  } else if (conduct == "overflows") {
    auto* const bytes = static_cast<volatile char*>(std::malloc(1));
    bytes[turns] = 0;
  } else if (conduct == "exits") {
    std::exit(0);
  }
  static_cast<void>(data);
  static_cast<void>(size);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  conduct = argv[1];
  argv[1] = argv[0];
  ++argv;
  --argc;
  return LLVMFuzzerRunDriver(&argc, &argv, run_once);
}
