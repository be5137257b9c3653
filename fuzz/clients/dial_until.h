// A client that goes on until it is answered, or has tried 64 times: eight times what the schedules that are made up have. What it
// does on one attempt is the library's.
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include "fuzz/vnet/fuzz_target.h"

namespace selfconnect::vnet {

// `ask`: bool(const Server&), one attempt from its connection to the last descriptor closed; true when it had its answer.
template <auto ask>
Ending dial_until(const Server& server) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    if (ask(server)) return Ending::kSuccess;
    sleep(1);
  }
  return Ending::kGaveUp;
}

}  // namespace selfconnect::vnet
