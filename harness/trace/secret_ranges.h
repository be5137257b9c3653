// Where in the captured packets secrets were seen, as sequence numbers of flows: FlowTable fills it,
// the pcap writer blacks these ranges out. Bounded.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "harness/trace/packet.h"
#include "harness/trace/secret_finder.h"

namespace selfconnect {

class SecretRanges {
 public:
  static constexpr std::size_t kLimit = 65536;

  // Bytes that `source` sent to `destination`, from sequence number `begin` on. A secret that lay whole in
  // one packet need not be remembered, for redact() finds it again; one that crosses a border must be.
  enum class Seen { kWhole, kAcrossPackets };
  void add(const Endpoint& source, const Endpoint& destination, std::uint32_t begin, std::uint32_t length,
           Seen seen);

  // Blacks out what `bytes`, a packet from its IP header on, hold of secrets: those seen by add(), and those
  // that lie whole in this packet. When more than kLimit had to be remembered, the whole payload.
  // Lengths stay; checksums are not recomputed.
  void redact(std::string& bytes, std::size_t original_length, const SecretPatterns& patterns) const;

 private:
  using Direction = std::pair<Endpoint, Endpoint>;        // source, destination
  using Ranges = std::map<std::uint32_t, std::uint32_t>;  // begin to length
  std::map<Direction, Ranges> directions_;
  std::size_t size_ = 0;
  std::uint32_t longest_ = 0;
  bool overflowed_ = false;
};

}  // namespace selfconnect
