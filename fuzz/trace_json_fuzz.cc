// Files of a saved run: any bytes give a trace or an error, and a trace that was read is written and read
// again.
// SPDX-License-Identifier: MIT
#include <cstdint>
#include <string_view>

#include "harness/trace/trace_json.h"
#include "require.h"

using selfconnect::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto trace = selfconnect::trace_from_jsonl(text, "input")) {
    const auto again = selfconnect::trace_from_jsonl(selfconnect::trace_to_jsonl(*trace), "again");
    require(again && *again == *trace, "a trace comes back as it was");
  }
  if (auto run = selfconnect::run_from_json(text, "input")) {
    for (const auto phase : run->second) run->first.traces.emplace_back().phase = phase;
    const auto again = selfconnect::run_from_json(selfconnect::run_to_json(run->first), "again");
    run->first.traces.clear();
    require(again && *again == *run, "a run comes back as it was");
  }
  return 0;
}
