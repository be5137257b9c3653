// The steps of a scripted peer, one after the other: which is due, given how many bytes have come. The far ends of the real kernel
// and of the virtual network both go by it, so that a schedule is the same on both.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "harness/schedule/event.h"

namespace selfconnect {

enum class Repeat { kOnce, kOverAndOver };

class ScriptSteps {
 public:
  // `steps` have to stay.
  ScriptSteps(std::span<const Step> steps, Repeat repeat) : steps_(steps), repeat_(repeat) {}

  // So many bytes have come. One that never reads is started again by whatever comes.
  void received(std::uint64_t bytes);
  // The next move to make now: no kRead. Null: more bytes have to come, or there is none any more.
  const Step* next();

 private:
  std::span<const Step> steps_;
  Repeat repeat_;
  std::size_t next_ = 0;
  std::uint64_t unread_ = 0;  // bytes that came and that no step has waited for
};

// Takes all steps that are due. `Connection`: is_open(), send(), close(), reset() and half_close() of a far end's.
template <class Connection>
void take_steps(ScriptSteps& steps, Connection& connection) {
  while (connection.is_open()) {
    const Step* step = steps.next();
    if (step == nullptr) return;
    switch (step->what) {
      case Step::What::kRead:
        break;
      case Step::What::kSay:
        connection.send(step->bytes);
        break;
      case Step::What::kClose:
        connection.close();
        break;
      case Step::What::kReset:
        connection.reset();
        break;
      case Step::What::kHalfClose:
        connection.half_close();
        break;
    }
  }
}

// The bytes of the event `garbage`: the same for the same amount, in every run and for everybody.
[[nodiscard]] std::string garbage_bytes(std::uint32_t amount);

}  // namespace selfconnect
