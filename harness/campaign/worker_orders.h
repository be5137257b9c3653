// A worker's end of its campaign: it ends with it, and is interrupted by it.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// For the first lines of a worker: it dies with the process that started it, even where that is killed
// (PR_SET_PDEATHSIG), and its descriptors of worker_process.h are not handed on.
Result<void> become_worker();

// Starts a thread that calls `interrupt` for each order, and ends this process when the campaign has ended.
void follow_orders(UniqueFd orders, std::function<void()> interrupt);

}  // namespace selfconnect
