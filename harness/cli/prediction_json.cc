// SPDX-License-Identifier: MIT
#include "harness/cli/prediction_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace selfconnect {

namespace {

using Json = nlohmann::ordered_json;

std::string_view reason_name(Chance chance) {
  switch (chance) {
    case Chance::kPossible:
      return "";
    case Chance::kOutOfRange:
      return "out-of-range";
    case Chance::kReserved:
      return "reserved";
    case Chance::kOtherParity:
      return "other-parity";
    case Chance::kOddRangeLast:
      return "odd-range-last";
    case Chance::kLowest:
      return "lowest";
  }
  return "";
}

std::string_view method_name(Method method) {
  switch (method) {
    case Method::kClosedForm:
      return "closed-form";
    case Method::kRecurrence:
      return "recurrence";
    case Method::kSimulation:
      return "simulation";
  }
  return "";
}

// Null also where it is infinite: it may never happen.
Json number_or_null(double value, bool known) {
  return known && std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json port_json(const PredictedPort& port, std::span<const PortRange> reserved) {
  const auto& [question, listener, prediction] = port;
  const bool possible = prediction.chance == Chance::kPossible;
  const double rate = question.attempts_per_second;
  const auto seconds = [&](double attempts) { return number_or_null(attempts / rate, rate > 0); };
  Json json = {{"port", question.port},
               {"listener", listener ? Json(listener->text()) : Json(nullptr)},
               {"possible", possible},
               {"reason", possible ? Json(nullptr) : Json(reason_name(prediction.chance))},
               {"candidates", prediction.candidates},
               {"method", possible ? Json(method_name(prediction.method)) : Json(nullptr)},
               {"per_attempt", prediction.per_attempt},
               {"expected_attempts", number_or_null(prediction.expected_attempts, possible)},
               {"expected_s", possible ? seconds(prediction.expected_attempts) : Json(nullptr)},
               {"until", Json::array()},
               {"mitigations", Json::array()}};
  for (const auto& [probability, attempts] : prediction.until) {
    json["until"].push_back({{"probability", probability},
                             {"attempts", number_or_null(attempts, true)},
                             {"seconds", seconds(attempts)}});
  }
  for (const auto& [what, command, effect] : mitigations(question, reserved)) {
    json["mitigations"].push_back(
        {{"what", what}, {"command", command.empty() ? Json(nullptr) : Json(command)}, {"effect", effect}});
  }
  return json;
}

}  // namespace

std::string prediction_json(std::span<const PredictedPort> ports, const PredictionQuestion& common,
                            std::span<const PortRange> reserved) {
  Json json = {
      {"schema", "selfconnect.predict/1"},
      {"kernel", policy_name(common.model)},
      {"range", {common.layout.low, common.layout.high}},
      {"reserved", port_list_text(reserved)},
      {"attempts_per_second", number_or_null(common.attempts_per_second, common.attempts_per_second > 0)},
      {"ports", Json::array()}};
  for (const PredictedPort& port : ports) json["ports"].push_back(port_json(port, reserved));
  return json.dump(2) + "\n";
}

}  // namespace selfconnect
