// selfconnect fuzz-worker N [options of fuzz]: one worker of a campaign. It plays schedules that the engine makes up until
// the campaign has enough, and ends with it. Started by `selfconnect fuzz` only (campaign.h).
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>

#include "harness/campaign/board.h"
#include "harness/campaign/containment.h"
#include "harness/campaign/coverage_map.h"
#include "harness/campaign/fuzz_engine.h"
#include "harness/campaign/schedule_tester.h"
#include "harness/campaign/worker_orders.h"
#include "harness/campaign/worker_process.h"
#include "harness/check/schedule_runner.h"
#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/fuzz_call.h"
#include "harness/cli/option_values.h"
#include "harness/cli/outcome.h"
#include "harness/launch/inherited.h"
#include "harness/launch/process.h"
#include "harness/report/json.h"
#include "harness/report/readable.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

namespace {

constexpr off_t kLongestLog = 1 << 20;
constexpr std::uint64_t kLogLooks = 256;  // runs between two looks at the log

void tell(const WorkerMessage& message) {
  const std::string line = to_line(message);
  // Nobody to read it: then this process is about to end.
  if (write(kWorkerMessages, line.data(), line.size()) < 0) return;
}

// The log is opened for appending, so it goes on at its new end.
void bound_log() {
  if (lseek(STDERR_FILENO, 0, SEEK_END) > kLongestLog && ftruncate(STDERR_FILENO, 0) != 0) return;
}

// What makes a campaign slow: the user may want a shorter --timeout.
void log_if_slow(const Schedule& schedule, std::chrono::nanoseconds took) {
  if (took < std::chrono::seconds(1)) return;
  say(stderr,
      fmt::format("slow: {:.1f} s: {}\n", std::chrono::duration<double>(took).count(), print(schedule)));
}

// Never 0, which the engine would take for "any".
std::uint32_t engine_seed(std::uint64_t seed, std::size_t worker) {
  return static_cast<std::uint32_t>(RandomSource::mix(seed + worker)) | 1U;
}

// Nothing where the target was not built for it.
std::optional<CoverageMap> coverage_of(const CheckOptions& options) {
  const auto program = find_command(options.command.front());
  if (!program || !counts_edges(*program)) return std::nullopt;
  auto map = CoverageMap::create(kEdgeCounters);
  if (!map) {
    tell({WorkerMessage::What::kNote,
          fmt::format("the target's own coverage is not seen: {}", map.error().message)});
    return std::nullopt;
  }
  tell({WorkerMessage::What::kNote, "the target counts its own edges: they guide the search too"});
  return std::move(*map);
}

// The runner, once there is one: an order to interrupt may come before.
std::atomic<ScheduleRunner*> current = nullptr;

void interrupt() {
  ScheduleRunner* runner = current;
  if (runner == nullptr) _exit(kExitPass);
  runner->interrupt();
}

[[noreturn]] void work(const FuzzCall& call, std::size_t worker, Board& board, FindingStore store) {
  const std::uint64_t seed = call.seed.value_or(0);
  CheckOptions options = call.options;
  options.seed = seed;
  auto coverage = coverage_of(options);
  if (coverage) options.kept_descriptor = coverage->fd();
  Containment containment(default_limits(call.workers, call.directory.root));
  auto created = ScheduleRunner::create(options, call.worlds);
  // The controls are what everything is compared with.
  if (const auto contained = containment.take_reason()) {
    tell({WorkerMessage::What::kError,
          fmt::format("the target took too much and was ended in a control, under no schedule yet: {}",
                      *contained)});
    _exit(kExitPass);
  }
  if (!created) {
    const bool skip = created.error().verdict == Verdict::kSkip;
    tell({skip ? WorkerMessage::What::kSkip : WorkerMessage::What::kError, created.error().reason});
    _exit(kExitPass);
  }
  ScheduleRunner& runner = **created;
  current = &runner;
  tell({WorkerMessage::What::kReady, ""});

  const std::span<std::uint8_t> edges = coverage ? coverage->edges() : std::span<std::uint8_t>();
  ScheduleTester tester(
      {.play =
           [&](const Schedule& schedule, ScheduleRunner::Depth depth) {
             std::ranges::fill(edges, 0);
             const auto began = std::chrono::steady_clock::now();
             CheckResult result = runner.run(schedule, depth);
             log_if_slow(schedule, std::chrono::steady_clock::now() - began);
             return result;
           },
       .report = [](const CheckResult& result) { return json_report(result.run, result.judgement); },
       .replay_command =
           [&](const std::string& directory) { return shell_words(command_to_replay(call, directory)); },
       .say = tell,
       .played = [&] { std::ranges::copy(edges, fuzz_counters().edges.begin()); },
       .contained = [&] { return containment.take_reason(); }},
      std::move(store), board, board.workers.at(worker), seed);
  std::uint64_t runs = 0;
  run_fuzz_engine(
      {.corpus = call.directory.corpus, .seed = engine_seed(seed, worker), .most_attempts = call.most_events},
      [&](std::string_view input) {
        if (++runs % kLogLooks == 0) bound_log();
        const auto ran = tester.test(input, fuzz_counters().behaviour);
        if (ran == ScheduleTester::Ran::kOver) {
          std::fflush(nullptr);
          _exit(kExitPass);
        }
        return ran == ScheduleTester::Ran::kPlayed;
      });
}

}  // namespace

int fuzz_worker_command(Arguments arguments) {
  if (arguments.empty()) return kExitUsage;
  const auto worker = parse_seed(arguments.front());
  if (!worker || *worker >= kMostWorkers) return kExitUsage;
  if (auto became = become_worker(); !became) return failed(became.error());
  mend_inherited();
  auto board = SharedBoard::attach(UniqueFd(kWorkerBoard));
  if (!board) return failed(board.error());
  const auto call = parse_fuzz_call(arguments.subspan(1), 1);
  if (!call) return stopped(call.error());
  auto store = FindingStore::open(call->directory.findings(), *worker);
  if (!store) return failed(store.error());
  follow_orders(UniqueFd(kWorkerOrders), interrupt);
  work(*call, *worker, **board, std::move(*store));
}

}  // namespace selfconnect
