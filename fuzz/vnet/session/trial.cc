// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/trial.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fuzz/vnet/session/decode.h"
#include "fuzz/vnet/session/judge.h"
#include "fuzz/vnet/session/report.h"

namespace selfconnect::vnet {

Trial::Trial(const FuzzTarget& target) : target_(target), controls_(target), session_(target) {
  session_.stopped = [this](const Record& record) {
    if (const auto finding = judge_stop(record, target_, controls_)) tell(*finding, record);
  };
}

void Trial::play(std::string_view input, const std::string& file) {
  controls_.prepare();
  Decoded decoded = decode(input, target_.most_attempts);
  file_ = decoded.is_text ? file : "";
  trace_.clear();
  session_.trace = shows_traces_ ? &trace_ : nullptr;
  const Record& record = session_.play(std::move(decoded.schedule));
  if (!record.stop || !record.waits.empty()) {
    if (const auto finding = judge_end(record, target_, controls_)) tell(*finding, record);
  }
  show_trace();
  // A fuzzer takes what is still held after a life for a leak, and looks for it at length.
  session_.forget();
}

void Trial::tell(const Finding& finding, const Record& record) {
  const HostAside aside;  // the client may be in the midst of a call
  show_trace();
  std::fputs(report_text(finding, record, target_, file_).c_str(), stderr);
  std::fflush(stderr);
  std::abort();
}

void Trial::show_trace() {
  if (shows_traces_) std::fputs(trace_.c_str(), stderr);
}

}  // namespace selfconnect::vnet
