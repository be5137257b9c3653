// A named behaviour, one per file of cases/: the calls, and what the kernel was seen to make of them.
//
//   # What it shows.
//   4 6 mapped forced             the flavours, and whether dialled ports are forced
//   socket s0 block = 0 | s0:out+hup
//   bind s0 0 = 0
//   getsockname s0 = 0 LO:e0      LO and ANY stand for the addresses of the flavour
//   (all closed) = P0:free P1:free P2:free
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "harness/sys/error.h"
#include "side.h"

namespace selfconnect::conformance {

struct CaseFile {
  std::vector<Sequence> sequences;  // one per flavour
  Trace expected;
};

[[nodiscard]] Result<CaseFile> read_case(const std::string& path);

// `trace` with LO and ANY in place of the addresses.
[[nodiscard]] Trace without_addresses(Trace trace, Flavour flavour);

}  // namespace selfconnect::conformance
