// SPDX-License-Identifier: MIT
#include "harness/campaign/campaign.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "harness/campaign/board.h"
#include "harness/campaign/containment.h"
#include "harness/campaign/corpus.h"
#include "harness/campaign/finding_store.h"
#include "harness/campaign/worker_process.h"
#include "harness/check/interrupts.h"

namespace selfconnect {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kLook = 50ms;      // how often the workers are asked
constexpr auto kShow = 250ms;     // how often progress is told
constexpr auto kFinishing = 15s;  // for findings at hand, once the time is up
constexpr auto kStopping = 5s;    // then the workers are killed
constexpr auto kDiskLow = 500ms;  // before it counts as filled
constexpr std::size_t kMostRestarts = 5;
constexpr std::size_t kMostNotes = 100;

std::string status_text(int status) {
  return WIFSIGNALED(status) ? fmt::format("was killed by signal {}", WTERMSIG(status))
                             : fmt::format("exited with code {}", WEXITSTATUS(status));
}

class Campaign {
 public:
  Campaign(const CampaignOptions& options, CampaignObserver& observer, FindingStore store, SharedBoard board)
      : options_(options), observer_(observer), store_(std::move(store)), board_(std::move(board)) {
    board_->most = options.runs.value_or(UINT64_MAX);
    for (SavedFinding& saved : store_.load_all()) {
      const std::string name = saved.name;
      findings_.emplace(name, CampaignFinding{.saved = std::move(saved), .is_new = false, .seen = false});
    }
  }

  Result<void> start() {
    for (std::size_t i = 0; i < options_.workers; ++i) {
      if (auto started = start_worker(i); !started) return started;
    }
    return {};
  }

  // Until all workers have ended.
  void follow() {
    boost::asio::io_context context(1);
    Interrupts interrupts(context, [this] { end(CampaignEnd::kInterrupted, Going::kStop); });
    while (!workers_.empty()) {
      context.run_for(kLook);
      for (std::size_t i = 0; i < options_.workers; ++i) look_after(i);
      watch_the_clock();
      watch_the_disk();
      show();
    }
  }

  CampaignResult result() && {
    result_.elapsed = Clock::now() - began_;
    result_.runs = board_->all_runs();
    result_.inputs = count_inputs(options_.directory.corpus);
    result_.workers = options_.workers;
    for (const std::string& name : store_.unfinished()) {
      if (std::ranges::find(result_.unsettled, name) == result_.unsettled.end())
        result_.unsettled.push_back(name);
    }
    if (!result_.failed && result_.unjudged > 0 && board_->all_judged() == 0)
      result_.failed.emplace(Verdict::kSkip, why_unjudged_);
    if (!result_.failed && !unsaved_.empty()) {
      const auto& [name, why] = *unsaved_.begin();
      result_.failed.emplace(Verdict::kError, fmt::format("cannot save {}: {}", name, why));
    }
    for (const Level level : {Level::kError, Level::kWarning}) {
      for (const auto& [name, finding] : findings_) {
        if (finding.saved.level == level) result_.findings.push_back(finding);
      }
    }
    return std::move(result_);
  }

 private:
  Result<void> start_worker(std::size_t index) {
    auto worker =
        WorkerProcess::spawn(options_.worker_command(index), board_.fd(), options_.directory.log(index));
    if (!worker) return std::unexpected(worker.error());
    workers_.insert_or_assign(index, std::move(*worker));
    return {};
  }

  void look_after(std::size_t index) {
    const auto at = workers_.find(index);
    if (at == workers_.end()) return;
    const auto status = at->second.ended();  // asked first, so that all it said is there
    for (const WorkerMessage& message : at->second.take_messages()) hear(message);
    if (!status) return;
    workers_.erase(at);
    if (*status == 0 || end_) {
      // It had nothing more to do.
      if (!end_) end(CampaignEnd::kRuns, Going::kOn);
      return;
    }
    restart(index, *status);
  }

  void restart(std::size_t index, int status) {
    const std::string died = fmt::format("worker {} {} (see {})", index, status_text(status),
                                         options_.directory.log(index).string());
    if (++restarts_ > kMostRestarts) return fail(Verdict::kError, died);
    note(fmt::format("{}, and is started again", died));
    // What it was about to save is met again at once.
    for (const std::string& schedule : store_.take_unfinished(index)) {
      if (auto added = add_to_corpus(options_.directory.corpus, schedule); !added)
        return fail(Verdict::kError, added.error().message);
    }
    if (auto started = start_worker(index); !started) fail(Verdict::kError, started.error().message);
  }

  void hear(const WorkerMessage& message) {
    switch (message.what) {
      case WorkerMessage::What::kReady:
        return;
      case WorkerMessage::What::kFinding:
        return meet(message.text);
      case WorkerMessage::What::kSeen:
        return meet(message.text);
      case WorkerMessage::What::kUnsettled:
        result_.unsettled.push_back(message.text);
        return;
      case WorkerMessage::What::kContained:
        ++result_.contained;
        return note_once(message.text.substr(0, message.text.find(kUnder)),
                         fmt::format("a target was contained: {}", message.text));
      case WorkerMessage::What::kUnjudged:
        ++result_.unjudged;
        why_unjudged_ = message.text;
        return note(fmt::format("a run was not judged: {}", message.text));
      case WorkerMessage::What::kUnsaved:
        return miss(message.text);
      case WorkerMessage::What::kNote:
        return note(message.text);
      case WorkerMessage::What::kSkip:
        return fail(Verdict::kSkip, message.text);
      case WorkerMessage::What::kError:
        return fail(Verdict::kError, message.text);
    }
  }

  void miss(const std::string& text) {
    const auto space = std::min(text.find(' '), text.size());
    const std::string name = text.substr(0, space);
    unsaved_[name] = text.substr(std::min(space + 1, text.size()));
    note(fmt::format("cannot save {}: {}", name, unsaved_[name]));
  }

  void meet(const std::string& name) {
    unsaved_.erase(name);
    auto at = findings_.find(name);
    if (at == findings_.end()) {
      auto saved = store_.load(name);
      if (!saved) return;  // another worker is about to save it, and will say so
      at = findings_.emplace(name, CampaignFinding{.saved = std::move(*saved), .is_new = true, .seen = false})
               .first;
    }
    CampaignFinding& finding = at->second;
    const bool was_flaky = finding.saved.flaky();
    if (was_flaky || !finding.saved.minimal) finding.saved = store_.load(name).value_or(finding.saved);
    const bool is_confirmed = was_flaky && !finding.saved.flaky();
    if (!std::exchange(finding.seen, true) || is_confirmed) observer_.found(finding);
    const bool counts = !finding.saved.flaky() && finding.saved.level >= options_.level;
    if (options_.until_finding && counts) end(CampaignEnd::kFinding, Going::kFinish);
  }

  // One of each kind.
  void note_once(const std::string& kind, const std::string& text) {
    if (kinds_noted_.insert(kind).second) note(text);
  }

  void note(const std::string& text) {
    if (result_.notes.size() >= kMostNotes) return;
    if (std::ranges::find(result_.notes, text) != result_.notes.end()) return;
    result_.notes.push_back(text);
    observer_.noted(text);
  }

  void fail(Verdict verdict, const std::string& reason) {
    if (!result_.failed) result_.failed.emplace(verdict, reason);
    end(CampaignEnd::kFailed, Going::kStop);
  }

  // The first reason counts; how urgent it is may only grow.
  void end(CampaignEnd why, Going going) {
    if (!end_) result_.end = why;
    if (!end_ || why == CampaignEnd::kInterrupted) end_ = why;
    if (going <= board_->going.load()) return;
    board_->going = going;
    urgent_since_ = Clock::now();
    for (auto& [index, worker] : workers_) {
      if (going == Going::kStop || !board_->workers.at(index).is_settling) worker.interrupt();
    }
  }

  void watch_the_clock() {
    const auto now = Clock::now();
    if (options_.duration && now - began_ >= *options_.duration) end(CampaignEnd::kTime, Going::kFinish);
    const Going going = board_->going;
    if (going == Going::kFinish && now - urgent_since_ >= kFinishing) end(*end_, Going::kStop);
    if (going == Going::kStop && now - urgent_since_ >= kStopping) workers_.clear();
  }

  // What a target has filled stays full when it is ended, and neither corpus nor findings can be kept then.
  void watch_the_disk() {
    const auto& root = options_.directory.root;
    const auto now = Clock::now();
    if (end_ || free_disk_bytes(root) >= least_disk_) {
      disk_low_since_.reset();
      return;
    }
    // A file that has no name any more goes with the target.
    if (!disk_low_since_) disk_low_since_ = now;
    if (now - *disk_low_since_ < kDiskLow) return;
    fail(Verdict::kError,
         fmt::format(
             "the disk of {} has less than {} MiB left, for the target or another program fills it: make "
             "room, and start again, to go on from the corpus",
             root.string(), least_disk_ >> 20));
  }

  void show() {
    const auto now = Clock::now();
    if (now - shown_at_ < kShow) return;
    const std::uint64_t runs = board_->all_runs();
    const double passed = std::chrono::duration<double>(now - shown_at_).count();
    // Smoothed, so that the figure can be read.
    const double rate = static_cast<double>(runs - shown_runs_) / passed;
    rate_ = shown_runs_ == 0 ? rate : 0.8 * rate_ + 0.2 * rate;
    shown_at_ = now;
    shown_runs_ = runs;
    const auto met = std::ranges::count_if(findings_, [](const auto& item) { return item.second.seen; });
    observer_.progress({.runs = runs,
                        .runs_per_second = rate_,
                        .inputs = count_inputs(options_.directory.corpus),
                        .findings = static_cast<std::size_t>(met),
                        .elapsed = now - began_});
  }

  const CampaignOptions& options_;
  CampaignObserver& observer_;
  FindingStore store_;
  SharedBoard board_;
  Clock::time_point began_ = Clock::now();
  std::map<std::size_t, WorkerProcess> workers_;  // that live
  std::map<std::string, CampaignFinding> findings_;
  CampaignResult result_;
  std::map<std::string, std::string> unsaved_;  // findings that could not be written, and why
  std::string why_unjudged_;
  std::set<std::string> kinds_noted_;
  std::optional<CampaignEnd> end_;
  std::optional<Clock::time_point> disk_low_since_;
  std::uint64_t least_disk_ = default_limits(options_.workers, options_.directory.root).free_disk_bytes;
  Clock::time_point urgent_since_;
  std::size_t restarts_ = 0;
  Clock::time_point shown_at_ = Clock::now();
  std::uint64_t shown_runs_ = 0;
  double rate_ = 0;
};

}  // namespace

std::filesystem::path CampaignDirectory::log(std::size_t worker) const {
  return root / fmt::format("worker-{}.log", worker);
}

Result<void> make_directory(const std::filesystem::path& root) {
  std::error_code ec;
  std::filesystem::create_directories(root, ec);
  if (ec)
    return std::unexpected(errno_error(fmt::format("make --out directory {}", root.string()), ec.value()));
  if (access(root.c_str(), W_OK | X_OK) != 0)
    return std::unexpected(errno_error(fmt::format("write to --out directory {}", root.string())));
  return {};
}

namespace {

// Two campaigns in one directory would take each other's half-written findings for a killed worker's.
Result<UniqueFd> lock(const std::filesystem::path& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return std::unexpected(errno_error(fmt::format("open({})", directory.string())));
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return std::unexpected(error(fmt::format("{}: another campaign runs there", directory.string())));
    return std::unexpected(errno_error(fmt::format("flock({})", directory.string())));
  }
  return fd;
}

}  // namespace

Result<CampaignResult> run_campaign(const CampaignOptions& options, CampaignObserver& observer) {
  auto store = FindingStore::open(options.directory.findings());
  if (!store) return std::unexpected(store.error());
  const auto locked = lock(options.directory.root);
  if (!locked) return std::unexpected(locked.error());
  if (auto opened = open_corpus(options.directory.corpus); !opened) return std::unexpected(opened.error());
  // A finding that was about to be saved is found again at once.
  for (const std::string& schedule : store->take_unfinished()) {
    if (auto added = add_to_corpus(options.directory.corpus, schedule); !added)
      return std::unexpected(added.error());
  }
  if (auto seeded = seed_corpus(options.directory.corpus); !seeded) return std::unexpected(seeded.error());
  auto board = SharedBoard::create();
  if (!board) return std::unexpected(board.error());

  Campaign campaign(options, observer, std::move(*store), std::move(*board));
  if (auto started = campaign.start(); !started) return std::unexpected(started.error());
  campaign.follow();
  return std::move(campaign).result();
}

}  // namespace selfconnect
