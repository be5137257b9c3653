// The event `garbage`: bytes that are an answer in no protocol.
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

namespace {

constexpr std::uint64_t kSeed = 0x9a4bafe;  // any: it is the same garbage for everybody

class Garbage : public Conduct {
 public:
  explicit Garbage(std::uint32_t amount) : amount_(amount) {}

 private:
  void begin(PeerConnection& connection) override {
    RandomSource random(kSeed);
    std::string bytes(amount_, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    connection.send(bytes);
  }

  std::uint32_t amount_;
};

}  // namespace

std::unique_ptr<Conduct> send_garbage(std::uint32_t amount) { return std::make_unique<Garbage>(amount); }

}  // namespace selfconnect
