// SPDX-License-Identifier: MIT
#include "harness/check/director.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "harness/check/out_directory.h"
#include "harness/judge/observed.h"
#include "harness/judge/retry.h"
#include "harness/judge/success_pattern.h"
#include "harness/judge/wanted_control.h"
#include "harness/launch/command_line.h"
#include "harness/sys/kernel_release.h"
#include "harness/trace/secret_finder.h"
#include "harness/trace/trace_json.h"

namespace selfconnect {

namespace asio = boost::asio;

namespace {

// A self-connection by chance is 1 in 14,000 attempts; a spinner that walks over ports may have several.
constexpr int kRefusedTries = 5;
constexpr std::size_t kMostSingleEventsKept = 64;
constexpr int kMostSingleEvents = 8;  // one per kind of event that a client may rightly wait after
constexpr int kHealthyRuns = 3;       // `desynchronised` wants a prefix that three conversations share

std::vector<Family> families(const CheckOptions& options) {
  if (options.host) return {options.host->family()};
  switch (options.family) {
    case FamilyChoice::kIpv4:
      return {Family::kIpv4};
    case FamilyChoice::kIpv6:
      return {Family::kIpv6};
    case FamilyChoice::kBoth:
      break;
  }
  // Without {host} there is nothing to vary.
  if (!has_placeholder(options.command, Placeholder::kHost)) return {Family::kIpv4};
  return {Family::kIpv4, Family::kIpv6};
}

}  // namespace

Director::Director(asio::io_context& context, const CheckOptions& options, CheckObserver& observer,
                   WorldPool::Reuse reuse)
    : options_(options),
      performance_{.context = context,
                   .options = options,
                   .observer = observer,
                   .interruption = [] {},
                   .worlds = WorldPool({.reuse = reuse})} {
  if (options.schedule) {
    performance_.engine = BestEngine{EngineChoice::kNotify, "a schedule stops the target at every connect()"};
  }
  describe();
  expected_phases_ = static_cast<int>(options.phases.size());  // until more is known
}

asio::awaitable<void> Director::direct() {
  for (const Family family : families(options_)) {
    if (auto played = co_await play_family(family); !played) {
      failure_ = played.error();
      break;
    }
    if (performance_.interrupted) break;
  }
}

asio::awaitable<void> Director::direct_controls() {
  auto learned = co_await learn(families(options_).front());
  if (!learned) {
    failure_ = learned.error();
    co_return;
  }
  learned_ = std::move(*learned);
  if (auto played = co_await play_served(learned_, kHealthyRuns); !played) failure_ = played.error();
}

asio::awaitable<void> Director::direct_schedule(const Schedule& schedule, bool quick) {
  quick_ = quick;
  performance_.interrupted = false;
  if (auto played = co_await play_schedule_and_controls(learned_, schedule); !played)
    failure_ = played.error();
}

void Director::fail(std::string reason) { failure_ = {StageFailure::Kind::kError, std::move(reason)}; }

void Director::interrupt() {
  performance_.interrupted = true;
  performance_.interruption();
}

CheckResult Director::result() {
  if (!options_.out.empty()) {
    auto saved = save(run_, options_.out);
    if (!saved && !failure_) fail(saved.error().message);
  }
  CheckResult whole = judged();
  whole.run = std::move(run_);
  return whole;
}

CheckResult Director::take_result() {
  CheckResult taken = judged();
  taken.run = run_;
  std::erase_if(run_.traces, [](const Trace& trace) {
    return trace.phase == Phase::kSchedule || trace.phase == Phase::kSingleEvent;
  });
  failure_.reset();
  return taken;
}

CheckResult Director::judged() const {
  if (failure_) {
    const bool skip = failure_->kind != StageFailure::Kind::kError;
    std::string reason = failure_->reason;
    if (failure_->kind == StageFailure::Kind::kPortTaken) {
      reason += ": free it, wait a minute where it is a TIME-WAIT, or have the client dial another port";
    }
    return {{}, not_judged(skip ? Verdict::kSkip : Verdict::kError, std::move(reason))};
  }
  Judgement judgement = judge(run_, options_.judge);
  if (performance_.interrupted) {
    judgement.verdict = Verdict::kError;
    judgement.reason = "interrupted";
    if (!run_.traces.empty()) {
      const Trace& last = run_.traces.back();
      judgement.reason +=
          fmt::format(" {} the {} phase", last.ended.stop_reason == "interrupted" ? "in" : "after",
                      phase_name(last.phase));
    }
  }
  return {{}, std::move(judgement)};
}

void Director::describe() {
  run_.command = options_.command;
  for (std::string& word : run_.command) black_out(word, options_.secrets);
  run_.seed = options_.seed;
  if (options_.engine != EngineChoice::kAuto) run_.engine = engine_name(options_.engine);
  run_.kind = options_.kind;
  run_.success_pattern = options_.success_pattern;
  run_.secret_count = options_.secrets.size();
  run_.has_host_placeholder = has_placeholder(options_.command, Placeholder::kHost);
  run_.kernel = kernel_release();
}

bool Director::selected(Phase phase) const {
  return std::ranges::find(options_.phases, phase) != options_.phases.end();
}

Playing<void> Director::play_family(Family family) {
  auto learned = co_await learn(family);
  if (!learned) co_return std::unexpected(learned.error());
  if (performance_.interrupted) co_return StageResult<void>{};
  expect_phases(*learned);
  if (options_.schedule) co_return co_await play_schedule_family(*learned);
  for (const Destination& destination : learned->destinations) {
    for (const Phase phase : {Phase::kSelfConnect, Phase::kBind, Phase::kRecover}) {
      if (performance_.interrupted) co_return StageResult<void>{};
      if (!selected(phase)) continue;
      if (phase == Phase::kRecover && learned->kind == Kind::kOneShot) {
        leave_out(phase, "one-shot: it ended by itself when it was refused");
        continue;
      }
      auto played = co_await play(forced_plan(phase, *learned, destination));
      if (!played && !only_this_phase(phase, played.error())) co_return played;
    }
  }
  if (selected(Phase::kHealthy)) co_return co_await play_healthy_controls(*learned);
  co_return StageResult<void>{};
}

Playing<Learned> Director::learn(Family family) {
  Learned learned{.family = family, .kind = options_.kind, .destinations = {}};
  if (!selected(Phase::kRefused) && options_.port) {
    learned.destinations = {{{options_.host.value_or(Address::loopback(family)), *options_.port}}};
    run_.destinations.push_back(learned.destinations.front().endpoint);
    leave_out(Phase::kRefused, "not selected");
    co_return learned;
  }
  PhasePlan plan{
      .phase = Phase::kRefused, .family = family, .kind = options_.kind, .timeout = options_.timeout};
  if (options_.port) plan.never.insert(*options_.port);
  if (options_.host) plan.local_addresses.push_back(*options_.host);
  for (int attempt = 1; true; ++attempt) {
    auto played = co_await play(plan);
    if (!played) co_return std::unexpected(played.error());
    const Trace& trace = run_.traces.back();
    if (performance_.interrupted) co_return learned;
    // By chance, before its port was known: once more, without that port.
    if (trace.attempts.self_connected == 0) break;
    if (attempt == kRefusedTries) {
      co_return std::unexpected(StageFailure{
          StageFailure::Kind::kCannotForce,
          fmt::format("the target connected itself in each of {} controls in which nothing was forced: it "
                      "binds to the port that it dials, or dials so many that one is always hit; what a "
                      "refusal does to it cannot be told",
                      kRefusedTries)});
    }
    for (const Attempt& one : trace.attempts.kept) plan.never.insert(one.destination.port);
    run_.traces.pop_back();
  }
  const Trace& trace = run_.traces.back();
  learned.destinations = destinations_of(last_stats_);
  if (learned.destinations.empty()) co_return std::unexpected(dials_nothing(trace));
  if (performance_.here) {
    if (auto possible = keep_forcible(learned.destinations, trace); !possible)
      co_return std::unexpected(possible.error());
  }
  if (auto narrowed = narrow(learned.destinations, options_); !narrowed)
    co_return std::unexpected(narrowed.error());
  if (learned.kind == Kind::kUnknown) learned.kind = kind_of(trace);
  run_.kind = learned.kind;
  learned.retry_interval = largest_retry_interval(trace);
  for (const Destination& destination : learned.destinations)
    run_.destinations.push_back(destination.endpoint);
  learned.destinations = one_per_port(std::move(learned.destinations));
  co_return learned;
}

PhasePlan Director::plan_for(Phase phase, const Learned& learned) const {
  PhasePlan plan{.phase = phase, .family = learned.family, .kind = learned.kind, .timeout = options_.timeout};
  plan.retry_interval = learned.retry_interval;
  for (const Endpoint& endpoint : run_.destinations) {
    plan.never.insert(endpoint.port);
    plan.local_addresses.push_back(endpoint.address);
  }
  return plan;
}

PhasePlan Director::forced_plan(Phase phase, const Learned& learned, const Destination& destination) const {
  PhasePlan plan = plan_for(phase, learned);
  plan.destination = destination.endpoint;
  plan.allocator = destination.allocator;
  return plan;
}

Playing<void> Director::play_served(const Learned& learned, int runs) {
  PhasePlan plan = plan_for(Phase::kHealthy, learned);
  plan.destination = learned.destinations.front().endpoint;
  for (const Destination& destination : learned.destinations) plan.served.push_back(destination.endpoint);
  const bool speaks = !options_.script.empty() || !options_.server.empty();
  for (int i = 0; i < runs; ++i) {
    if (performance_.interrupted) co_return StageResult<void>{};
    plan.may_end = options_.schedule && speaks && (i == 0 || ended_by_itself(run_.traces.back()));
    auto played = co_await play(plan);
    if (!played && !only_this_phase(Phase::kHealthy, played.error())) co_return played;
    if (!played) break;
  }
  co_return StageResult<void>{};
}

PhasePlan Director::schedule_plan(Phase phase, const Learned& learned, Schedule schedule) const {
  PhasePlan plan = forced_plan(phase, learned, learned.destinations.front());
  for (const Destination& destination : learned.destinations) plan.served.push_back(destination.endpoint);
  plan.schedule = std::move(schedule);
  plan.quick = quick_;
  const auto healthy = std::ranges::find(run_.traces, Phase::kHealthy, &Trace::phase);
  if (healthy == run_.traces.end()) return plan;
  plan.ends_when_served = ended_by_itself(*healthy);
  if (options_.success_pattern.empty()) return plan;
  const auto success = SuccessPattern::compile(options_.success_pattern);
  plan.succeeds_when_served = success && success->find(*healthy);
  return plan;
}

Playing<void> Director::play_schedule_family(const Learned& learned) {
  if (auto played = co_await play_served(learned, kHealthyRuns); !played) co_return played;
  if (performance_.interrupted) co_return StageResult<void>{};
  co_return co_await play_schedule_and_controls(learned, *options_.schedule);
}

Playing<void> Director::play_schedule_and_controls(const Learned& learned, const Schedule& schedule) {
  if (auto played = co_await play(schedule_plan(Phase::kSchedule, learned, schedule)); !played)
    co_return played;
  for (int controls = 0; controls < kMostSingleEvents && !performance_.interrupted; ++controls) {
    const auto wanted = wanted_control(run_);
    if (!wanted) break;
    const auto known = std::ranges::find_if(
        single_events_, [&](const Trace& trace) { return event_of(trace.schedule, 1) == *wanted; });
    if (known != single_events_.end()) {
      run_.traces.push_back(*known);
      continue;
    }
    const Schedule alone{.entries = {{.event = *wanted, .count = 1}}};
    if (auto played = co_await play(schedule_plan(Phase::kSingleEvent, learned, alone)); !played)
      co_return played;
    if (single_events_.size() == kMostSingleEventsKept) single_events_.erase(single_events_.begin());
    single_events_.push_back(run_.traces.back());
  }
  co_return StageResult<void>{};
}

Playing<void> Director::play_healthy_controls(const Learned& learned) {
  const bool compare = std::ranges::any_of(run_.traces, [](const Trace& trace) {
    return trace.phase == Phase::kRecover && trace.attempts.accepted > 0;
  });
  if (auto played = co_await play_served(learned, compare ? kHealthyRuns : 1); !played) co_return played;
  if (performance_.interrupted) co_return StageResult<void>{};
  if (!run_.has_host_placeholder || performance_.here) {
    leave_out(Phase::kSamePort,
              run_.has_host_placeholder ? "needs a network of its own" : "the command has no {host}");
    co_return StageResult<void>{};
  }
  auto played = co_await play(forced_plan(Phase::kSamePort, learned, learned.destinations.front()));
  // Where no second network can be made only this control is lost.
  if (!played && !options_.server.empty()) co_return played;
  if (!played) leave_out(Phase::kSamePort, played.error().reason);
  co_return StageResult<void>{};
}

// What is lost with it: this phase, or, where nothing has been forced yet, all that there was to learn.
bool Director::only_this_phase(Phase phase, const StageFailure& failure) {
  const bool forced = std::ranges::any_of(run_.traces, &Trace::forced);
  if (failure.kind != StageFailure::Kind::kPortTaken || !forced) return false;
  leave_out(phase, fmt::format("{}; by itself, once the port is free: --phases refused,{}", failure.reason,
                               phase_name(phase)));
  return true;
}

Playing<void> Director::play_on(Stage& stage) {
  switch (stage.plan().phase) {
    case Phase::kRefused:
      return play_refused(stage);
    case Phase::kSelfConnect:
      return play_self_connect(stage);
    case Phase::kBind:
      return play_bind(stage);
    case Phase::kRecover:
      return play_recover(stage);
    case Phase::kHealthy:
      return play_healthy(stage);
    case Phase::kSamePort:
      return play_same_port(stage);
    case Phase::kSchedule:
    case Phase::kSingleEvent:
      return play_schedule(stage);
  }
  std::abort();
}

Playing<void> Director::play(const PhasePlan& plan) {
  performance_.observer.phase_started(plan.phase, plan.destination, static_cast<int>(run_.traces.size()) + 1,
                                      std::max(expected_phases_, static_cast<int>(run_.traces.size()) + 1));
  Stage stage(performance_, plan);
  auto played = co_await play_on(stage);
  if (!played) co_return played;
  run_.isolation = isolation_name(stage.world().isolation());
  run_.engine = engine_name(performance_.engine->choice);
  run_.engine_reason = performance_.engine->reason;
  last_stats_ = stage.flows().destinations();
  if (!options_.out.empty()) {
    const auto directory = options_.out / phase_directory_name(run_.traces.size(), plan.phase);
    if (auto saved = stage.save_files(directory); !saved) {
      co_return std::unexpected(StageFailure{StageFailure::Kind::kError, saved.error().message});
    }
  }
  run_.traces.push_back(std::move(stage.trace()));
  performance_.observer.phase_ended(run_.traces.back());
  co_return played;
}

void Director::expect_phases(const Learned& learned) {
  const int per_destination = learned.kind == Kind::kOneShot ? 2 : 3;
  expected_phases_ =
      static_cast<int>(run_.traces.size()) + per_destination * static_cast<int>(learned.destinations.size()) +
      (learned.kind == Kind::kOneShot ? 1 : kHealthyRuns) + (run_.has_host_placeholder ? 1 : 0);
}

void Director::leave_out(Phase phase, std::string reason) {
  if (std::ranges::none_of(run_.not_run, [&](const auto& entry) { return entry.first == phase; })) {
    run_.not_run.emplace_back(phase, std::move(reason));
  }
}

}  // namespace selfconnect
