// One fuzz target at work: input by input, each a schedule that is played on one life of the client and judged.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/vnet/session/controls.h"
#include "fuzz/vnet/session/session.h"

namespace selfconnect::vnet {

class Trial {
 public:
  explicit Trial(const FuzzTarget& target);

  // A finding is told on stderr, and the program aborts: that is what a fuzzer notices. `file`: where the input is kept.
  void play(std::string_view input, const std::string& file);

  // The lives of all inputs are written to stderr, call by call.
  void show_traces() { shows_traces_ = true; }

 private:
  [[noreturn]] void tell(const Finding& finding, const Record& record);
  void show_trace();

  const FuzzTarget& target_;
  PlayedControls controls_;
  Session session_;
  std::string file_;  // of the input at hand
  std::string trace_;
  bool shows_traces_ = false;
};

}  // namespace selfconnect::vnet
