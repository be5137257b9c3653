// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/controls.h"

#include <cstdio>

#include "harness/sys/random_source.h"

namespace selfconnect::vnet {

const std::vector<Record>& PlayedControls::healthy() {
  // What differs between three of them is nonces.
  constexpr std::size_t kHealthyLives = 3;
  while (healthy_.size() < kHealthyLives) healthy_.push_back(session_.play({}));
  return healthy_;
}

const Record& PlayedControls::refused() {
  if (!refused_) {
    refused_ = session_.play({.entries = {{.event = {.kind = EventKind::kRefuse}, .count = kRefusals}}});
  }
  return *refused_;
}

bool PlayedControls::goes_on_after(const Event& event) {
  std::uint64_t hash = 1;
  for (const char byte : print(event)) hash = RandomSource::mix(hash + static_cast<unsigned char>(byte));
  Known& known = known_[hash % known_.size()];
  if (known.hash == hash) return known.goes_on;
  const Record& record = session_.play({.entries = {{.event = event, .count = 1}}});
  known = {.hash = hash, .goes_on = record.waits.empty() && !record.stop};
  session_.forget();
  return known.goes_on;
}

void PlayedControls::prepare() {
  if (!healthy_.empty()) return;
  const Record& first = healthy().front();
  static_cast<void>(refused());
  if (first.ended && first.ending == Ending::kSuccess && first.waits.empty() && !first.stop) return;
  const bool waits = first.stop.has_value() || !first.waits.empty();
  std::fprintf(
      stderr,
      "vnet: with the server there from the start the client %s (attempts: %s). Is the target's .answer "
      "right? Whether it recovers from anything is not judged.\n",
      waits ? "waits for good" : "gives up", attempts_text(first).c_str());
}

}  // namespace selfconnect::vnet
