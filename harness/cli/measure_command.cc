// selfconnect measure: how often and how soon a client connects to itself.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <random>

#include "harness/check/out_directory.h"
#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/host_ports.h"
#include "harness/cli/measure_call.h"
#include "harness/cli/outcome.h"
#include "harness/cli/prediction_text.h"
#include "harness/cli/report_files.h"
#include "harness/launch/process.h"
#include "harness/measure/saved_trials.h"
#include "harness/report/measure_json.h"
#include "harness/report/measure_text.h"
#include "harness/report/progress.h"

namespace selfconnect {

namespace {

// Shows on the terminal how far the measurement is.
class TerminalObserver : public MeasureObserver {
 public:
  explicit TerminalObserver(std::optional<std::chrono::nanoseconds> longest) : longest_(longest) {}

  void progress(const MeasureProgress& progress) override {
    MeasureState state{.trial = progress.trial,
                       .trials = progress.trials,
                       .attempts = progress.attempts,
                       .hits = progress.hits,
                       .elapsed = progress.elapsed};
    if (longest_) state.left = *longest_ - progress.elapsed;
    line_.show(measure_progress_line(state));
  }
  void note(const std::string& text) override {
    line_.erase();
    say(stderr, fmt::format("selfconnect measure: note: {}\n", text));
  }
  void erase() { line_.erase(); }

 private:
  std::optional<std::chrono::nanoseconds> longest_;
  Progress line_{STDERR_FILENO};
};

PortLayout host_layout() {
  const HostPorts host = read_host_ports();
  PortLayout layout;
  if (host.ephemeral) {
    layout.low = host.ephemeral->low;
    layout.high = host.ephemeral->high;
  }
  if (host.reserved) layout.reserved = ports_of(*host.reserved);
  return layout;
}

// The built-in loop is this program too, so that it is launched, confined and counted as any other.
std::vector<std::string> loop_command() {
  return {std::filesystem::read_symlink("/proc/self/exe").string(), "connect-loop", "{host}", "{port}"};
}

Result<void> write_files(const MeasureCall& call, const Measurement& found) {
  if (call.json) {
    if (auto written = write_file(*call.json, measurement_json(found)); !written) return written;
  }
  if (call.csv) {
    if (auto written = write_file(*call.csv, measurement_csv(found)); !written) return written;
  }
  if (call.options.out.empty()) return {};
  return write_whole_file(call.options.out / kMeasurementFile, measurement_json(found));
}

}  // namespace

int measure_command(Arguments arguments) {
  auto call = parse_measure_call(arguments, host_layout(), running_kernel());
  if (!call) return stopped(call.error());
  MeasureOptions& options = call->options;
  options.seed = call->seed ? *call->seed : std::random_device()();
  if (call->loop) options.command = loop_command();
  if (auto found = find_command(options.command.front()); !found) return failed(found.error());
  if (!options.out.empty()) {
    if (auto made = make_out(options.out); !made) return failed(made.error());
  }
  for (const auto& path : {call->json, call->csv}) {
    if (!path) continue;
    if (auto writable = check_writable(*path); !writable) return failed(writable.error());
  }

  if (call->note)
    say(stderr, fmt::format("selfconnect measure: note: no attempt can hit: {}\n", *call->note));
  TerminalObserver observer(options.limits.duration);
  auto found = measure(options, observer);
  observer.erase();
  if (!found && !found.error().cannot_force) return failed(error(found.error().reason));
  if (!found) {
    say(stderr, fmt::format("selfconnect measure: skip: {}\n", found.error().reason));
    return kExitSkip;
  }
  if (call->loop) found->command.clear();
  say(stderr, measurement_text(*found, console_style(STDERR_FILENO)));
  if (auto written = write_files(*call, *found); !written) return failed(written.error());
  return found->interrupted || found->failure ? kExitError : kExitPass;
}

}  // namespace selfconnect
