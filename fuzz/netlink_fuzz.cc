// Answers of netlink sockets: any bytes give what they tell, or the errno of a refusal.
// SPDX-License-Identifier: MIT
#include <linux/netlink.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "harness/world/netlink_answer.h"
#include "require.h"

namespace netlink = selfconnect::netlink;
using selfconnect::fuzz::require;

namespace {

// Memory that ends where nothing may be read, for libmnl has no sanitizer in it.
class GuardedMemory {
 public:
  GuardedMemory() {
    require(memory_ != MAP_FAILED, "there is memory");
    require(mprotect(memory_ + kSize, kPage, PROT_NONE) == 0, "its end can be guarded");
  }

  // At the very end, but aligned as a message is.
  netlink::Datagram hold(const std::uint8_t* data, std::size_t size) {
    char* const at = memory_ + kSize - NLMSG_ALIGN(size);
    std::memcpy(at, data, size);
    return {at, size};
  }

  static constexpr std::size_t kSize = 1 << 16;

 private:
  static constexpr std::size_t kPage = 4096;
  char* memory_ = static_cast<char*>(
      mmap(nullptr, kSize + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
};

void check(const netlink::Answer& answer) {
  require(answer || answer.error() != 0, "a refusal has an errno");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static GuardedMemory memory;
  if (size > GuardedMemory::kSize) return 0;
  const netlink::Datagram datagram = memory.hold(data, size);
  check(netlink::read_acknowledgement(datagram));
  for (const std::uint32_t sequence : {0U, 7U}) {
    std::size_t sockets = 0;
    check(netlink::read_sockets(datagram, sequence, [&](const inet_diag_msg&) { ++sockets; }));
    require(sockets <= size / (sizeof(nlmsghdr) + sizeof(inet_diag_msg)), "no socket is made up");
  }
  std::uint16_t family = 0;
  check(netlink::read_family(datagram, family));
  return 0;
}
