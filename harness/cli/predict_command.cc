// selfconnect predict: how soon a client connects to itself when nothing is forced. Changes nothing.
// SPDX-License-Identifier: MIT
#include <cstdio>

#include "harness/check/capabilities.h"
#include "harness/cli/commands.h"
#include "harness/cli/exit_code.h"
#include "harness/cli/host_ports.h"
#include "harness/cli/outcome.h"
#include "harness/cli/predict_call.h"
#include "harness/cli/prediction_json.h"
#include "harness/cli/prediction_text.h"
#include "harness/cli/report_files.h"
#include "harness/ports/allocator_model.h"

namespace selfconnect {

namespace {

// Fills in the range and the reserved ports of this machine.
Result<std::vector<PredictedPort>> predict_this_host(PredictCall& call) {
  const HostPorts host = read_host_ports();
  if (!host.ephemeral) return std::unexpected(host.ephemeral.error().during("read the ephemeral range"));
  if (!host.reserved) return std::unexpected(host.reserved.error().during("read the reserved ports"));
  call.reserved = *host.reserved;
  PredictionQuestion& question = call.question;
  question.layout = {
      .low = host.ephemeral->low, .high = host.ephemeral->high, .reserved = ports_of(call.reserved)};
  std::vector<PredictedPort> ports;
  const bool all_alike = are_all_alike(question);
  std::optional<Prediction> known;
  for (const Endpoint& listener : listeners_at_risk(host.listeners, *host.ephemeral, call.reserved)) {
    question.port = listener.port;
    const bool is_alike = all_alike && chance_of(question) == Chance::kPossible;
    ports.push_back({question, listener, is_alike && known ? *known : predict(question)});
    if (is_alike) known = ports.back().prediction;
  }
  sort_by_risk(ports);
  return ports;
}

}  // namespace

int predict_command(Arguments arguments) {
  auto call = parse_predict_call(arguments, running_kernel());
  if (!call) return stopped(call.error());
  std::vector<PredictedPort> ports;
  if (call->this_host) {
    auto found = predict_this_host(*call);
    if (!found) return failed(found.error());
    ports = std::move(*found);
  } else {
    ports.push_back({call->question, std::nullopt, predict(call->question)});
  }
  const std::string text = call->this_host
                               ? prediction_table(ports, call->question, call->reserved, call->pace)
                               : prediction_text(ports.front(), call->reserved, call->pace);
  say(call->json == "-" ? stderr : stdout, text);
  if (!call->json) return kExitPass;
  const auto written = write_file(*call->json, prediction_json(ports, call->question, call->reserved));
  return written ? kExitPass : failed(written.error());
}

}  // namespace selfconnect
