// What happens to one attempt of a client: a value, the same for the real kernel and for a virtual network. Touches
// nothing; all amounts are bytes and counts, never times.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selfconnect {

enum class EventKind {
  kRefuse,     // nothing listens: RST answers the SYN (RFC 9293, 3.10.7.1)
  kSelf,       // the socket gets the port that it dials, and is connected to itself
  kServe,      // the real server, or what stands for it
  kClose,      // accepted, then FIN at once
  kReset,      // accepted, then RST at once
  kSilent,     // accepted, read from, and never answered
  kGarbage,    // accepted, and sent `amount` bytes that are no answer
  kDrop,       // no answer to the SYN, nor to its retransmissions
  kExhausted,  // connect() fails with EADDRNOTAVAIL: no source port was free
  kHalfClose,  // accepted, then FIN at once, while it goes on reading
  kTruncate,   // the server, whose answer ends with FIN after `amount` bytes
  kScript,     // accepted by a peer that follows `steps`
};

inline constexpr std::size_t kEventKinds = 12;

// One move of a scripted peer.
struct Step {
  enum class What {
    kRead,       // waits until `amount` more bytes have come, 1 at least
    kSay,        // sends `bytes`, one at least
    kClose,      // close(2): FIN, and RST to what comes later. The last step.
    kReset,      // RST. The last step.
    kHalfClose,  // shutdown(2), SHUT_WR: FIN, and reads on
  };
  What what = What::kRead;
  std::uint32_t amount = 0;
  std::string bytes;

  bool operator==(const Step&) const = default;
};

struct Event {
  EventKind kind = EventKind::kServe;
  std::uint32_t amount = 0;  // bytes, of kGarbage (from 1) and kTruncate (from 0)
  std::vector<Step> steps;   // of kScript: at least one; after the last the peer reads on in silence

  bool operator==(const Event&) const = default;
};

inline constexpr std::uint32_t kMostBytes = 1 << 20;  // of any amount, and of what a script says in all
inline constexpr std::size_t kMostSteps = 64;

// "half-close": without amounts and steps.
[[nodiscard]] std::string_view event_name(EventKind kind);

// Whether the connection is accepted, and by whom the client is then answered is not the client itself.
[[nodiscard]] bool is_accepted(EventKind kind);

// Whether the attempt leaves the client nothing to wait for: the kernel said that it failed, or the far end sends no more, or there is
// no far end. False where something may still come for all that the client knows, though it never will (silent, drop).
[[nodiscard]] bool leaves_nothing_to_wait_for(EventKind kind);

// A failure of the network, after which a client that tries again after refusals has no reason not to.
[[nodiscard]] bool is_network_failure(EventKind kind);

}  // namespace selfconnect
