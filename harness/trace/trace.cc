// SPDX-License-Identifier: MIT
#include "harness/trace/trace.h"

#include <fmt/format.h>

#include <array>

namespace selfconnect {

namespace {

constexpr std::array<std::string_view, 8> kPhaseNames = {
    "refused", "self-connect", "bind", "recover", "healthy", "same-port", "schedule", "single-event"};

template <class Enum, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string_view phase_name(Phase phase) { return name_of(kPhaseNames, phase); }

std::optional<Phase> phase_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kPhaseNames.size(); ++i) {
    if (kPhaseNames[i] == name) return static_cast<Phase>(i);
  }
  return std::nullopt;
}

bool is_control(Phase phase) {
  return phase == Phase::kRefused || phase == Phase::kHealthy || phase == Phase::kSamePort ||
         phase == Phase::kSingleEvent;
}

bool has_schedule(Phase phase) { return phase == Phase::kSchedule || phase == Phase::kSingleEvent; }

std::string_view outcome_name(Outcome outcome) {
  static constexpr std::array<std::string_view, 4> kNames = {"pending", "refused", "self-connected",
                                                             "accepted"};
  return name_of(kNames, outcome);
}

std::string_view ending_name(Ending ending) {
  static constexpr std::array<std::string_view, 3> kNames = {"open", "fin", "reset"};
  return name_of(kNames, ending);
}

std::string_view server_event_name(ServerEvent::What what) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "started", "listening", "bind-blocked", "time-wait-blocked", "time-wait-removed", "ended"};
  return name_of(kNames, what);
}

std::string_view peer_move_name(PeerMove::What what) {
  static constexpr std::array<std::string_view, 6> kNames = {"received", "sent",           "fin-received",
                                                             "fin-sent", "reset-received", "reset-sent"};
  return name_of(kNames, what);
}

std::string_view attempts_from_name(AttemptsFrom from) {
  static constexpr std::array<std::string_view, 2> kNames = {"packets", "calls"};
  return name_of(kNames, from);
}

std::string_view ended_name(Ended::How how) {
  static constexpr std::array<std::string_view, 3> kNames = {"exit", "signal", "stopped"};
  return name_of(kNames, how);
}

std::string_view kind_name(Kind kind) {
  static constexpr std::array<std::string_view, 3> kNames = {"unknown", "one-shot", "reconnector"};
  return name_of(kNames, kind);
}

std::string SocketLine::text() const {
  std::string line = fmt::format("{} {} {} {} {}", tcp_state_name(state), receive_queue, send_queue,
                                 local.text(), remote.text());
  return inode == 0 ? line : fmt::format("{} ino:{}", line, inode);
}

}  // namespace selfconnect
