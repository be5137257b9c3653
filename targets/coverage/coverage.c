/* What a client links, built with clang's -fsanitize-coverage=trace-pc-guard, so that `selfconnect fuzz` sees which of its
 * edges ran:
 *   clang -fsanitize-coverage=trace-pc-guard client.c libselfconnect_coverage.a -Wl,-u,selfconnect_coverage
 * -u, for clang brings weak functions of the same names, and the linker would be content with them. The counters are memory
 * that the harness shares by an inherited descriptor (environment: SELFCONNECT_COVERAGE). Without a harness it does nothing.
 * Interface: https://clang.llvm.org/docs/SanitizerCoverage.html#tracing-pcs-with-guards
 * SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

void __sanitizer_cov_trace_pc_guard_init(uint32_t* start, uint32_t* stop);
void __sanitizer_cov_trace_pc_guard(uint32_t* guard);

/* The harness looks for it in the program's file. */
extern const char selfconnect_coverage[];
const char selfconnect_coverage[] = "selfconnect-coverage/1";

static uint8_t nowhere[1];
static uint8_t* edges = nowhere;
static uint32_t edge_count = 1;

static void attach(void) {
  const char* descriptor = getenv("SELFCONNECT_COVERAGE");
  struct stat status;
  void* memory;
  if (descriptor == NULL || fstat(atoi(descriptor), &status) != 0 || status.st_size <= 0) return;
  memory = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(descriptor), 0);
  if (memory == MAP_FAILED) return;
  edges = memory;
  edge_count = (uint32_t)status.st_size;
}

/* Once for each module: the program, and each library that is built so. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t* start, uint32_t* stop) {
  static uint32_t numbered;
  if (start == stop || *start != 0) return;
  if (edges == nowhere) attach();
  for (; start < stop; ++start) *start = ++numbered;
}

/* Counts up to 255. Two threads may lose a count to each other, and nothing else. */
void __sanitizer_cov_trace_pc_guard(uint32_t* guard) {
  uint8_t* edge = &edges[*guard % edge_count];
  if (*edge != UINT8_MAX) ++*edge;
}
