// The benchmarks' program. What a run was made with goes into its context, for `ci/bench` to compare like with like.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/suites.h"

namespace {

void add_context() {
  utsname name{};
  if (uname(&name) == 0) {
    benchmark::AddCustomContext("kernel", name.release);
    benchmark::AddCustomContext("architecture", name.machine);
  }
  benchmark::AddCustomContext("compiler", SELFCONNECT_COMPILER);
  benchmark::AddCustomContext("build_type", SELFCONNECT_BUILD_TYPE);
  benchmark::AddCustomContext("user", geteuid() == 0 ? "root" : "ordinary");
}

}  // namespace

int main(int argc, char** argv) {
  namespace bench = selfconnect::bench;
  bench::register_loops();
  bench::register_ranges();
  bench::register_policies();
  bench::register_threads();
  bench::register_recorders();
  bench::register_schedules();
  add_context();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
