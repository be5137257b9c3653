// SPDX-License-Identifier: MIT
#include "harness/cli/predict_call.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "harness/cli/option_values.h"
#include "harness/cli/prediction_text.h"
#include "harness/cli/shared_options.h"
#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/sys/duration.h"

namespace selfconnect {

namespace {

const CommandText kText = {
    .name = "predict",
    .summary =
        "Say how often and how soon a client that keeps dialling a local port is given that port as its "
        "own,\n"
        "and connects to itself: worked out for the kernel's choice of ports, with nothing forced. Changes "
        "nothing.",
    .usage = "(--port P | --this-host) [options]",
    .example =
        "  selfconnect predict --port 50000 --interval 1s\n"
        "  selfconnect predict --port 50000 --range 49152-65535 --rate 100 --kernel linux-4.2 --until "
        "10%,90%\n"
        "  selfconnect predict --this-host --interval 1s\n"};

// The options as they were typed.
struct Given {
  std::optional<std::string> port, range, reserved, interval, rate, kernel, until, json;
  bool this_host = false;
};

void declare(CommandParser& parser, Given& given) {
  parser.option({"--port", "P", "The port that the client dials while nothing listens"}, given.port);
  parser.flag({"--this-host", "", "Every port of this machine that a service listens on, by risk"},
              given.this_host);
  parser.option({"--range", "A-B", "The ephemeral range [32768-60999, or the default of --kernel]"},
                given.range);
  parser.option({"--reserved", "LIST", "Ports never handed out: 50000,50010-50020 [none]"}, given.reserved);
  parser.option({"--interval", "DUR",
                 "Time between attempts: 500ms, 1s, 2m; on linux-5.18 their number depends on it "
                 "[ten seconds or more]"},
                given.interval);
  parser.option({"--rate", "N", "Attempts per second, in place of --interval"}, given.rate);
  parser.option(
      {"--kernel", "NAME", "linux-2.6, linux-4.2, linux-5.18, freebsd or macos [as this machine's]"},
      given.kernel);
  parser.option({"--until", "LIST", "Probabilities to give attempts and times for [50%,99%]"}, given.until);
  parser.option({"--json", "FILE", "Write the answer as JSON (- is standard output)"}, given.json);
}

Parsed<void> check_combination(const CommandParser& parser, const Given& given) {
  if (given.this_host) {
    for (const auto& [name, value] : {std::pair("--port", &given.port), std::pair("--range", &given.range),
                                      std::pair("--reserved", &given.reserved)}) {
      if (*value)
        return parser.wrong(fmt::format("--this-host reads the machine's ports: expected no {}", name));
    }
  } else if (!given.port) {
    return parser.wrong("no port: expected --port P, or --this-host");
  }
  if (given.interval && given.rate)
    return parser.wrong("--interval and --rate say the same: expected one of the two");
  return {};
}

// One value, where it was given; false: it was wrong.
template <class T, class Field>
Parsed<void> take(const CommandParser& parser, std::string_view option,
                  const std::optional<std::string>& text, Result<T> (*parse)(std::string_view),
                  Field& field) {
  auto value = value_of(parser, option, text, parse);
  if (!value) return std::unexpected(value.error());
  if (*value) field = std::move(**value);
  return {};
}

Parsed<void> take_pace(const CommandParser& parser, const Given& given, PredictCall& call) {
  std::optional<std::chrono::nanoseconds> interval;
  if (auto taken = take(parser, "--interval", given.interval, parse_duration, interval); !taken) return taken;
  auto taken = take(parser, "--rate", given.rate, parse_rate, call.question.attempts_per_second);
  if (!taken) return taken;
  if (interval) call.question.attempts_per_second = 1 / std::chrono::duration<double>(*interval).count();
  if (given.interval) call.pace = fmt::format("every {}", *given.interval);
  if (given.rate) call.pace = fmt::format("at {}/s", *given.rate);
  return {};
}

Parsed<void> take_ports(const CommandParser& parser, const Given& given, PredictCall& call) {
  PredictionQuestion& question = call.question;
  question.layout = default_layout(question.model);
  std::optional<PortRange> range;
  if (auto taken = take(parser, "--range", given.range, parse_range, range); !taken) return taken;
  if (range) {
    question.layout.low = range->low;
    question.layout.high = range->high;
  }
  if (auto taken = take(parser, "--reserved", given.reserved, parse_port_list, call.reserved); !taken)
    return taken;
  question.layout.reserved = ports_of(call.reserved);
  return take(parser, "--port", given.port, parse_port_number, question.port);
}

}  // namespace

Parsed<PredictCall> parse_predict_call(std::span<const std::string> arguments, PolicyKind running) {
  CommandParser parser(kText);
  Given given;
  declare(parser, given);
  if (const auto parsed = parser.parse(arguments); !parsed) return std::unexpected(parsed.error());
  if (auto sound = check_combination(parser, given); !sound) return std::unexpected(sound.error());

  PredictCall call;
  call.this_host = given.this_host;
  call.json = given.json;
  PredictionQuestion& question = call.question;
  question.model = running;
  auto taken = take(parser, "--kernel", given.kernel, parse_kernel, question.model);
  if (taken) taken = take(parser, "--until", given.until, parse_percentages, question.until);
  if (taken) taken = take_pace(parser, given, call);
  if (taken && !call.this_host) taken = take_ports(parser, given, call);
  if (!taken) return std::unexpected(taken.error());
  if (call.this_host) return call;
  if (candidate_ring(question.model, question.layout).candidates().empty()) {
    return parser.wrong(
        fmt::format("{} has no port to hand out: expected one of the range {} that is not reserved",
                    policy_name(question.model), range_text(question)));
  }
  if (const auto reason = parity_reason(question)) return parser.wrong(*reason);
  return call;
}

}  // namespace selfconnect
