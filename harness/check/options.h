// What a `check` is asked to do: the command line and the TOML file become this value.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/judge/verdict.h"
#include "harness/net/endpoint.h"
#include "harness/ports/engine_choice.h"
#include "harness/schedule/schedule.h"
#include "harness/trace/trace.h"

namespace selfconnect {

enum class FamilyChoice { kIpv4, kIpv6, kBoth };

inline constexpr std::uint16_t kDefaultPort = 50000;

struct CheckOptions {
  std::vector<std::string> command;   // argv, with {port} and {host} not yet replaced
  std::optional<std::uint16_t> port;  // --port: also restricts what is forced to this destination port
  std::optional<Address> host;        // --host: likewise
  FamilyChoice family =
      FamilyChoice::kIpv4;  // what {host} becomes where --host is not given; both: one after the other
  std::vector<Phase> phases = {Phase::kRefused, Phase::kSelfConnect, Phase::kBind, Phase::kRecover,
                               Phase::kHealthy};  // same-port goes with healthy
  EngineChoice engine = EngineChoice::kAuto;
  std::vector<std::string>
      server;  // argv of the real server, {port} and {host} replaced; empty: built-in peer
  std::vector<Step>
      script;  // what the built-in peer does where it serves, over and over; empty: it reads in silence
  std::optional<Schedule>
      schedule;  // what the phases are about, instead of forced ones: refused, schedule, healthy
  std::string success_pattern;  // regular expression; checked to compile
  std::vector<std::string> secrets;
  Kind kind = Kind::kUnknown;                                   // from a TOML file
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);  // a phase's longest time
  std::uint64_t seed = 0;
  JudgeOptions judge;
  std::filesystem::path stdin_file;            // empty: /dev/null
  std::vector<std::pair<int, rlim_t>> limits;  // setrlimit(2) resource and value, soft and hard
  int kept_descriptor = -1;   // of this process, that the target inherits under its number; -1: none
  std::filesystem::path out;  // --out DIR; empty: nothing is saved
};

}  // namespace selfconnect
