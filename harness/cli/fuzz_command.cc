// selfconnect fuzz: a campaign of schedules against one client.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "harness/campaign/campaign.h"
#include "harness/campaign/corpus.h"
#include "harness/campaign/fuzz_engine.h"
#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/fuzz_call.h"
#include "harness/cli/outcome.h"
#include "harness/launch/inherited.h"
#include "harness/launch/process.h"
#include "harness/report/fuzz_json.h"
#include "harness/report/fuzz_text.h"
#include "harness/report/progress.h"
#include "harness/report/readable.h"
#include "harness/trace/secret_finder.h"

namespace selfconnect {

namespace {

// A line that changes on a terminal; elsewhere a line for each finding and note.
class TerminalObserver : public CampaignObserver {
 public:
  explicit TerminalObserver(const FuzzCall& call) : call_(call) {}

  void progress(const CampaignProgress& progress) override {
    FuzzState state{.runs = progress.runs,
                    .runs_per_second = progress.runs_per_second,
                    .inputs = progress.inputs,
                    .findings = progress.findings,
                    .elapsed = progress.elapsed,
                    .left = {},
                    .runs_left = {}};
    if (call_.duration) state.left = *call_.duration - progress.elapsed;
    if (call_.runs) state.runs_left = *call_.runs - std::min(*call_.runs, progress.runs);
    line_.show(fuzz_progress_line(state));
  }
  void found(const CampaignFinding& finding) override {
    line_.erase();
    say(stderr, campaign_finding_line(finding, call_.directory.root.string(), console_style(STDERR_FILENO)));
  }
  void noted(const std::string& note) override {
    line_.erase();
    say(stderr, fmt::format("note: {}\n", visible(note)));
  }
  void erase() { line_.erase(); }

 private:
  const FuzzCall& call_;
  Progress line_{STDERR_FILENO};
};

// That this process may run on.
std::size_t cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

bool counts(const CampaignFinding& finding, FailOn fail_on) {
  if (!finding.seen || finding.saved.flaky()) return false;
  switch (fail_on) {
    case FailOn::kError:
      return finding.saved.level == Level::kError;
    case FailOn::kWarning:
      return true;
    case FailOn::kNever:
      return false;
  }
  return false;
}

Verdict verdict_of(const CampaignResult& result, FailOn fail_on) {
  const bool any =
      std::ranges::any_of(result.findings, [&](const auto& finding) { return counts(finding, fail_on); });
  if (any) return Verdict::kFail;
  return result.failed ? result.failed->first : Verdict::kPass;
}

CampaignOptions campaign_options(const FuzzCall& call, std::span<const std::string> worker_words) {
  return {
      .directory = call.directory,
      .worker_command =
          [words = std::vector<std::string>(worker_words.begin(), worker_words.end())](std::size_t worker) {
            std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                                "fuzz-worker", fmt::format("{}", worker)};
            command.insert(command.end(), words.begin(), words.end());
            return command;
          },
      .workers = call.workers,
      .duration = call.duration,
      .runs = call.runs,
      .until_finding = call.until_finding,
      .level = call.options.judge.fail_on == FailOn::kWarning ? Level::kWarning : Level::kError};
}

int report(const FuzzCall& call, const CampaignResult& result) {
  const Verdict verdict = verdict_of(result, call.options.judge.fail_on);
  int code = exit_code(verdict);
  if (result.failed && result.failed->first == Verdict::kSkip) {
    say(stderr, fmt::format("selfconnect fuzz: skip: {}\n", visible(result.failed->second)));
  } else if (result.failed) {
    const int failure = failed(error(result.failed->second));
    if (verdict != Verdict::kFail) code = failure;
  }
  if (!result.failed || result.runs > 0) say(stderr, campaign_text(result, console_style(STDERR_FILENO)));
  if (call.json) {
    if (auto written = write_file(*call.json, campaign_json(result, verdict)); !written)
      return failed(written.error());
  }
  return code;
}

// What is wrong with the call's own directories and files, before anything is started: an exit code.
std::optional<int> refused(const FuzzCall& call) {
  if (!has_fuzz_engine()) {
    return failed(error(
        "this selfconnect was built without libFuzzer: install clang-19 and libclang-rt-19-dev, and build it "
        "again (selfconnect doctor)"));
  }
  for (const auto* command : {&call.options.command, &call.options.server}) {
    if (command->empty()) continue;
    if (auto found = find_command(command->front()); !found) return failed(found.error());
  }
  if (auto made = make_directory(call.directory.root); !made) return failed(made.error());
  const auto corpus = check_corpus(call.directory.corpus);
  if (!corpus) return stopped({kExitUsage, fmt::format("selfconnect fuzz: {}", corpus.error().message)});
  if (corpus->others > 0) {
    say(stderr, fmt::format("note: {} of the corpus {} no schedule: {}\n", quantity(corpus->others, "file"),
                            corpus->others == 1 ? "is" : "are", visible(corpus->first_other)));
  }
  if (call.json) {
    if (auto made = write_file(*call.json, ""); !made) return failed(made.error());
  }
  return std::nullopt;
}

}  // namespace

int fuzz_command(Arguments arguments) {
  auto call = parse_fuzz_call(arguments, cores());
  if (!call) return stopped(call.error());
  if (const auto code = refused(*call)) return *code;
  mend_inherited();
  const std::uint64_t seed = call->seed ? *call->seed : std::random_device()();
  say(stderr, fmt::format("selfconnect fuzz: seed {}, {}, corpus of {} in {}\n", seed,
                          quantity(call->workers, "worker"), count_inputs(call->directory.corpus),
                          visible(call->directory.corpus.string())));
  TerminalObserver observer(*call);
  auto result = run_campaign(campaign_options(*call, with_seed(*call, arguments, seed)), observer);
  observer.erase();
  if (!result) return failed(result.error());
  result->seed = seed;
  result->directory = call->directory.root.string();
  result->corpus = call->directory.corpus.string();
  result->command = call->options.command;
  for (std::string& word : result->command) black_out(word, call->options.secrets);
  return report(*call, *result);
}

}  // namespace selfconnect
