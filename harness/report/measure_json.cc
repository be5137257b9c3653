// SPDX-License-Identifier: MIT
#include "harness/report/measure_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

using Json = nlohmann::ordered_json;

double milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const std::optional<FirstHit>& hit) {
  if (!hit) return nullptr;
  return {{"attempt", hit->attempt}, {"ms", milliseconds(hit->after)}};
}

void put_counts(Json& json, const AttemptCounts& counts) {
  json["attempts"] = counts.attempts;
  json["hits"] = counts.hits;
  json["elsewhere"] = {{"attempts", counts.elsewhere.attempts}, {"hits", counts.elsewhere.hits}};
  json["refused"] = counts.refused;
  json["exhausted"] = or_null(counts.exhausted);
  json["held"] = counts.held ? Json(counts.held->open) : Json(nullptr);
  json["time_wait"] = counts.held ? Json(counts.held->time_wait) : Json(nullptr);
  json["source_ports"] = {{"even", counts.even}, {"odd", counts.odd}};
}

std::string_view end_text(const Trial& trial) {
  return trial.end ? trial_end_name(*trial.end) : "interrupted";
}

Json to_json(const Trial& trial) {
  Json json;
  put_counts(json, trial.counts);
  json["first_hit"] = to_json(trial.first_hit);
  json["elapsed_ms"] = milliseconds(trial.elapsed);
  json["launches"] = trial.launches;
  json["lost"] = trial.lost;
  json["passed_over"] = trial.passed_over;
  json["ended"] = end_text(trial);
  return json;
}

Json to_json(const Waits& waits) {
  if (waits.count == 0) return nullptr;
  Json json{{"count", waits.count},
            {"p50_ms", milliseconds(waits.p50)},
            {"p90_ms", milliseconds(waits.p90)},
            {"p99_ms", milliseconds(waits.p99)},
            {"p99.9_ms", milliseconds(waits.p999)},
            {"max_ms", milliseconds(waits.max)},
            {"backoff", nullptr}};
  if (waits.backoff) json["backoff"] = {{"factor", waits.backoff->factor}, {"jitter", waits.backoff->jitter}};
  return json;
}

std::vector<std::string> valid(const std::vector<std::string>& words) {
  std::vector<std::string> texts;
  for (const std::string& word : words) texts.push_back(valid_utf8(word));
  return texts;
}

}  // namespace

std::string measurement_json(const Measurement& found) {
  const Proportion rate = found.hit_rate();
  Json json{{"schema", "selfconnect.measure/1"},
            {"command", found.command.empty() ? Json(nullptr) : Json(valid(found.command))},
            {"policy", found.policy.text()},
            {"seed", found.seed},
            {"world",
             {{"engine", found.engine},
              {"engine_reason", found.engine_reason},
              {"isolation", found.isolation},
              {"kernel", found.kernel},
              {"range", found.range}}},
            {"destination", found.destination ? Json(found.destination->text()) : Json(nullptr)},
            {"independent_trials", !found.one_walk},
            {"interrupted", found.interrupted},
            {"failure", found.failure ? Json(valid_utf8(*found.failure)) : Json(nullptr)}};
  put_counts(json, found.counts);
  json["rate"] = {{"value", rate.value}, {"low", rate.low}, {"high", rate.high}};
  json["stated_attempt"] = or_null(found.stated);
  json["first_hit"] = to_json(found.first_hit());
  json["elapsed_ms"] = milliseconds(found.elapsed);
  json["attempts_per_second"] = found.attempts_per_second();
  json["waits"] = to_json(found.waits);
  json["trials"] = Json::array();
  for (const Trial& trial : found.trials) json["trials"].push_back(to_json(trial));
  return json.dump(2) + "\n";
}

namespace {

template <class Value>
std::string or_empty(const std::optional<Value>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

std::string measurement_csv(const Measurement& found) {
  std::string text =
      "trial,attempts,hits,refused,exhausted,held,time_wait,even,odd,first_hit_attempt,first_hit_ms,"
      "elapsed_ms,launches,lost,elsewhere_attempts,elsewhere_hits,passed_over,ended\n";
  std::size_t number = 0;
  for (const Trial& trial : found.trials) {
    const AttemptCounts& counts = trial.counts;
    std::optional<std::uint64_t> held, time_wait, first_hit;
    std::optional<double> first_hit_ms;
    if (counts.held) {
      held = counts.held->open;
      time_wait = counts.held->time_wait;
    }
    if (trial.first_hit) {
      first_hit = trial.first_hit->attempt;
      first_hit_ms = milliseconds(trial.first_hit->after);
    }
    text += fmt::format("{},{},{},{},{},{},{},", ++number, counts.attempts, counts.hits, counts.refused,
                        or_empty(counts.exhausted), or_empty(held), or_empty(time_wait));
    text += fmt::format("{},{},{},{},{},{},{},", counts.even, counts.odd, or_empty(first_hit),
                        or_empty(first_hit_ms), milliseconds(trial.elapsed), trial.launches, trial.lost);
    text += fmt::format("{},{},{},{}\n", counts.elsewhere.attempts, counts.elsewhere.hits, trial.passed_over,
                        end_text(trial));
  }
  return text;
}

}  // namespace selfconnect
