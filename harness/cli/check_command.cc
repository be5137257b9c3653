// selfconnect check: run a client through the phases, and report.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <random>
#include <utility>

#include "harness/check/check.h"
#include "harness/cli/check_call.h"
#include "harness/cli/commands.h"
#include "harness/cli/outcome.h"
#include "harness/report/progress.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace {

// Shows on the terminal how far the run is.
class TerminalObserver : public CheckObserver {
 public:
  void phase_started(Phase phase, std::optional<Endpoint> /*destination*/, int index, int expected) override {
    state_ = {.phase = phase,
              .number = static_cast<std::size_t>(index),
              .phases = static_cast<std::size_t>(expected)};
  }
  void progress(const PhaseProgress& progress) override {
    state_.attempts = progress.attempts;
    state_.self_connects = progress.self_connects;
    state_.left = progress.deadline - progress.elapsed;
    line_.show(state_);
  }
  void phase_ended(const Trace& /*trace*/) override { line_.erase(); }

 private:
  ProgressState state_;
  Progress line_{STDERR_FILENO};
};

// 32 bits: short to type, and exact in any JSON reader.
std::uint64_t random_seed() { return std::random_device()(); }

// That the target could read it, said before anything is started.
Result<void> check_readable(const std::filesystem::path& file) {
  if (file.empty()) return {};
  if (!UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))) {
    return std::unexpected(errno_error(fmt::format("open({})", file.native())));
  }
  return {};
}

}  // namespace

int check_command(Arguments arguments, std::span<const Reporter> reporters) {
  auto call = parse_check_call(arguments, reporters);
  if (!call) return stopped(call.error());
  return run_check(std::move(*call));
}

int run_check(CheckCall call) {
  CheckOptions& options = call.options;
  if (const auto readable = check_readable(options.stdin_file); !readable) return failed(readable.error());
  const auto files = ReportFiles::open(call.reports);
  if (!files) return failed(files.error());
  if (!call.seed) options.seed = random_seed();

  TerminalObserver observer;
  const CheckResult result = check(options, observer);
  return reported(result.run, result.judgement, options.judge.fail_on, *files);
}

}  // namespace selfconnect
