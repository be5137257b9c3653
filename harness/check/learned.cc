// SPDX-License-Identifier: MIT
#include "harness/check/learned.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace selfconnect {

namespace {

std::string how(const Ended& ended) {
  switch (ended.how) {
    case Ended::How::kExit:
      return fmt::format("it ended with exit code {}", ended.code);
    case Ended::How::kSignal:
      return fmt::format("it was killed by signal {}", ended.code);
    case Ended::How::kStopped:
      break;
  }
  return fmt::format("it was watched for {:.1f} s", std::chrono::duration<double>(ended.at).count());
}

std::string last_line(const OutputText& output) {
  std::string text = output.head + output.tail;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (const auto line = text.rfind('\n'); line != std::string::npos) text.erase(0, line + 1);
  return text.substr(0, 200);
}

}  // namespace

std::vector<Destination> destinations_of(std::span<const DestinationStats> stats) {
  std::vector<Destination> destinations;
  for (const DestinationStats& one : stats.first(std::min(stats.size(), kMaxDestinations))) {
    const bool bound_first = one.odd_source_ports > one.even_source_ports;
    destinations.push_back({one.destination, bound_first ? Allocator::kBind : Allocator::kConnect});
  }
  return destinations;
}

StageResult<void> narrow(std::vector<Destination>& destinations, const CheckOptions& options) {
  std::vector<std::string> dialled;
  for (const Destination& destination : destinations) dialled.push_back(destination.endpoint.text());
  if (options.port) {
    std::erase_if(destinations, [&](const Destination& one) { return one.endpoint.port != *options.port; });
    if (destinations.empty()) {
      return std::unexpected(StageFailure{
          StageFailure::Kind::kError,
          fmt::format("the target never dialled port {}; it dialled {}: leave --port out, or give that port",
                      *options.port, fmt::join(dialled, ", "))});
    }
  }
  if (options.host) {
    std::erase_if(destinations,
                  [&](const Destination& one) { return one.endpoint.address != *options.host; });
    if (destinations.empty()) {
      return std::unexpected(StageFailure{
          StageFailure::Kind::kError,
          fmt::format("the target never dialled {}; it dialled {}: leave --host out, or give that address",
                      options.host->text(), fmt::join(dialled, ", "))});
    }
  }
  return {};
}

StageResult<void> keep_forcible(std::vector<Destination>& destinations, const Trace& refused) {
  const auto fails = [](std::string reason) {
    return std::unexpected(StageFailure{StageFailure::Kind::kCannotForce, std::move(reason)});
  };
  const auto& kept = refused.attempts.kept;
  const auto answered = std::ranges::find(kept, Outcome::kAccepted, &Attempt::outcome);
  if (answered != kept.end()) {
    return fails(
        fmt::format("something listens on {} in the network at hand: stop it, or have the client dial "
                    "another port",
                    answered->destination.text()));
  }
  const std::string first = destinations.front().endpoint.text();
  std::erase_if(destinations, [](const Destination& one) {
    return one.endpoint.address != Address::loopback(one.endpoint.address.family());
  });
  if (destinations.empty()) {
    return fails(
        fmt::format("the target dials {}, and where no namespace can be made only 127.0.0.1 and ::1 can be "
                    "forced: have it dial one of them, or see `selfconnect doctor`",
                    first));
  }
  return {};
}

std::vector<Destination> one_per_port(std::vector<Destination> destinations) {
  std::vector<Destination> result;
  for (const Destination& destination : destinations) {
    const bool known = std::ranges::any_of(
        result, [&](const Destination& one) { return one.endpoint.port == destination.endpoint.port; });
    if (!known) result.push_back(destination);
  }
  return result;
}

Kind kind_of(const Trace& refused) {
  return refused.ended.how == Ended::How::kStopped ? Kind::kReconnector : Kind::kOneShot;
}

StageFailure dials_nothing(const Trace& refused) {
  const bool seen_at_calls = refused.attempts_from == AttemptsFrom::kCalls;
  std::string reason = fmt::format("the target dialled nothing over TCP{}: {}",
                                   seen_at_calls ? " that the engine notify sees (io_uring it does not)" : "",
                                   how(refused.ended));
  for (const OutputText* output : {&refused.err, &refused.out}) {
    if (output->total == 0) continue;
    reason += fmt::format("; it said: {}", last_line(*output));
    break;
  }
  return {StageFailure::Kind::kError, std::move(reason)};
}

}  // namespace selfconnect
