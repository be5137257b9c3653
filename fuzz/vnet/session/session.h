// Plays one schedule on one life of a client: attempt n meets event n, each destination counts its own attempts, as
// `check --schedule` does it. Writes down what happens; judges nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <csetjmp>
#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/vnet/fuzz_target.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/overseer.h"
#include "fuzz/vnet/session/record.h"

namespace selfconnect::vnet {

class Session final : public Overseer {
 public:
  // Without time passing in between; and of attempts in all.
  static constexpr std::uint64_t kMostAttemptsAtOnce = 1'000, kMostAttempts = 65'536;
  // Calls while no time passes and nothing is read. A daemon's life may end at every kMostTalkAtOnce-th call, read or not.
  static constexpr std::uint64_t kMostCallsAtOnce = 100'000, kMostTalkAtOnce = 10'000;

  // `target` has to stay. An answer that is no script ends the program with the reason.
  explicit Session(const FuzzTarget& target);

  // Called in the midst of the client's call when it is stopped: not to return where that is a finding. Else a client that stands
  // still sees EDEADLK, and any other is left as it is: its stack and memory are lost.
  std::function<void(const Record&)> stopped;
  // Calls and segments are written to it.
  std::string* trace = nullptr;

  // The record is good until the next call.
  const Record& play(Schedule schedule);
  // Lets go of what the record holds.
  void forget() { begin({}); }

 private:
  Attempt attempt(const Endpoint& to) override;
  bool stands_still() override;
  void time_moves(Time to) override;
  void called(const char* name) override;
  void raised(int signal) override;
  void exits(int status) override;
  void connected(const TcpSocket& socket) override;
  void accepted(const TcpSocket& socket, FarConnection& by) override;
  void wrote(const TcpSocket& socket, std::string_view bytes) override;
  void was_read(const TcpSocket& socket, std::string_view bytes) override;

  void begin(Schedule schedule);
  void run_client();
  int run_program();
  void finish();
  std::uint64_t next_number(const Endpoint& to);
  [[nodiscard]] Attempt attempt_for(const Event& event, std::uint64_t number);
  // Of every socket that has dialled and has a descriptor: what(socket, index of its last attempt).
  template <class What>
  void for_each_socket(const What& what);
  void look_at_attempts();
  void look_for_dead_sockets(const Endpoint& to);
  [[nodiscard]] bool may_wait_on(std::size_t index) const;
  [[nodiscard]] bool is_content();
  bool stuck(Stop why);
  bool stop(Stop why);
  [[noreturn]] void leave();

  const FuzzTarget& target_;
  std::vector<Step> answer_;
  std::string port_text_;
  std::vector<std::string> arguments_, words_;
  std::vector<char*> argv_;

  std::unique_ptr<std::pmr::memory_resource> sockets_;  // their memory; null: as any other
  Record record_;
  std::uint64_t length_ = 0;                                 // of the schedule
  std::vector<std::pair<Endpoint, std::uint64_t>> dialled_;  // how often
  std::vector<FarConnection*> far_;                          // of the attempts; null: not accepted
  Host* host_ = nullptr;
  Time since_{};  // the last attempt that was not served, or the last time that the client was helped on
  std::uint64_t attempts_at_once_ = 0, calls_at_once_ = 0;
  std::uint64_t calls_read_on_ = 0;  // of these, when something was read last
  sigjmp_buf leave_{};
};

}  // namespace selfconnect::vnet
