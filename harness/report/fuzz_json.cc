// SPDX-License-Identifier: MIT
#include "harness/report/fuzz_json.h"

#include <nlohmann/json.hpp>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const CampaignFinding& finding, const std::string& directory) {
  const SavedFinding& saved = finding.saved;
  return {{"name", saved.name},
          {"rule", saved.rule},
          {"level", level_name(saved.level)},
          {"key", valid_utf8(saved.key)},
          {"message", valid_utf8(saved.message)},
          {"schedule", saved.schedule},
          {"flaky", saved.flaky()},
          {"minimal", saved.minimal},
          {"new", finding.is_new},
          {"seen", finding.seen},
          {"directory", valid_utf8(directory + "/findings/" + saved.name)},
          {"replay", valid_utf8(saved.replay)}};
}

Json utf8(const std::vector<std::string>& texts) {
  Json all = Json::array();
  for (const std::string& text : texts) all.push_back(valid_utf8(text));
  return all;
}

}  // namespace

std::string campaign_json(const CampaignResult& result, Verdict verdict) {
  Json json = {{"schema", "selfconnect.fuzz/1"}, {"verdict", verdict_name(verdict)}};
  if (result.failed) json["reason"] = valid_utf8(result.failed->second);
  json["seed"] = result.seed;
  json["command"] = utf8(result.command);
  json["ended"] = campaign_end_name(result.end);
  json["runs"] = result.runs;
  json["runs_per_second"] = result.runs_per_second();
  json["duration_ms"] = std::chrono::duration<double, std::milli>(result.elapsed).count();
  json["workers"] = result.workers;
  json["corpus"] = {{"directory", valid_utf8(result.corpus)}, {"inputs", result.inputs}};
  json["contained"] = result.contained;
  json["unjudged"] = result.unjudged;
  json["findings"] = Json::array();
  for (const CampaignFinding& finding : result.findings)
    json["findings"].push_back(to_json(finding, result.directory));
  json["unsettled"] = utf8(result.unsettled);
  json["notes"] = utf8(result.notes);
  return json.dump(1) + '\n';
}

}  // namespace selfconnect
