// SPDX-License-Identifier: MIT
#include "side.h"

#include "client.h"

namespace selfconnect::conformance {

Trace Side::play(const Sequence& sequence) {
  Trace trace;
  run(sequence.forced, [&](Stack& stack, const Ports& ports, CallGuard& guard) {
    trace = Client(stack, sequence.flavour, ports, guard).play(sequence.calls);
  });
  return trace;
}

}  // namespace selfconnect::conformance
