// SPDX-License-Identifier: MIT
#include "harness/trace/capture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>
#include <vector>

namespace selfconnect {

namespace {

constexpr std::size_t kBatch = 32;
// The longest IPv6 packet whose header can tell its length, rounded up: nothing common is cut off.
constexpr std::size_t kSnapLength = 65536 + 64;
constexpr int kReceiveBuffer = 32 << 20;

// A socket that is used again has it: to compile it anew takes longer than to ask.
bool has_filter(int fd, std::span<const sock_filter> wanted) {
  std::array<sock_filter, 64> there{};
  socklen_t count = there.size();  // of instructions (socket(7), SO_GET_FILTER)
  return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, there.data(), &count) == 0 && count == wanted.size() &&
         std::memcmp(there.data(), wanted.data(), wanted.size_bytes()) == 0;
}

// TCP over IPv4 or IPv6, and IPv6 whose next header may stand before TCP (decode_packet looks further).
// A cooked packet begins at the IP header; its EtherType is ancillary (socket filter document of the kernel).
Result<void> attach_filter(int fd) {
  constexpr std::uint32_t kEtherType = static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_PROTOCOL;
  constexpr std::uint32_t kPacketType = static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_PKTTYPE;
  constexpr std::uint32_t kInterface = static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_IFINDEX;
  constexpr std::uint32_t kLoopback = 1;  // of every network namespace
  std::array<sock_filter, 15> program = {{
      // What comes in on lo has gone out on lo.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kInterface),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kLoopback, 0, 2),  // else 0
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kPacketType),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 10),  // 0, else drop 10
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kEtherType),               // 0
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 2),          // 1: else 4
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),                        // 2: IPv4 protocol
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 5, 6),       // 3: take 9, drop 10
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),        // 4: else drop 10
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),                        // 5: IPv6 next header
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 2, 0),       // 6: take 9
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 1, 0),   // 7: take 9
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_DSTOPTS, 0, 1),   // 8: take 9, else drop 10
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),                        // 9
      BPF_STMT(BPF_RET | BPF_K, 0),                                 // 10
  }};
  if (has_filter(fd, program)) return {};
  const sock_fprog filter = {.len = program.size(), .filter = program.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    return std::unexpected(errno_error("setsockopt(SO_ATTACH_FILTER)"));
  }
  return {};
}

Result<void> set_option(int fd, int level, int option, int value, std::string_view name) {
  if (setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
  return std::unexpected(errno_error("setsockopt(" + std::string(name) + ")"));
}

// As large as possible. Whether it is kReceiveBuffer.
Result<bool> set_receive_buffer(int fd) {
  if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer, "SO_RCVBUFFORCE")) return true;
  // Without CAP_NET_ADMIN over the machine: as much as net.core.rmem_max allows.
  if (auto set = set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer, "SO_RCVBUF"); !set)
    return std::unexpected(set.error());
  return false;
}

// Everything is set before the bind, so that no packet comes in unfiltered.
Result<void> set_up(int fd) {
  if (auto set = attach_filter(fd); !set) return set;
  if (auto set = set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"); !set) return set;
  const sockaddr_ll any = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    return std::unexpected(errno_error("bind(AF_PACKET, ETH_P_ALL)"));
  }
  return {};
}

timespec stamp_of(msghdr& message) {
  timespec stamp{};
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
      std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
    }
  }
  return stamp;
}

}  // namespace

struct Capture::Batch {
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(timespec))> bytes;
  };

  // Not initialised, so that only what packets need is ever touched.
  std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(kBatch * kSnapLength);
  std::array<Control, kBatch> control{};
  std::array<iovec, kBatch> vectors{};
  std::array<mmsghdr, kBatch> messages{};
  std::array<timespec, kBatch> stamps{};
  std::array<Instant, kBatch> sent{};

  void prepare(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      vectors[i] = {.iov_base = buffer.get() + i * kSnapLength, .iov_len = kSnapLength};
      messages[i].msg_hdr = {.msg_iov = &vectors[i],
                             .msg_iovlen = 1,
                             .msg_control = control[i].bytes.data(),
                             .msg_controllen = control[i].bytes.size()};
    }
  }

  // When the first `count` were sent.
  void place(PacketClock& clock, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) stamps[i] = stamp_of(messages[i].msg_hdr);
    clock.place(read_clocks(), std::span(stamps).first(count), sent);
  }
};

Capture::Capture(UniqueFd socket, bool roomy, PacketClock clock)
    : socket_(std::move(socket)), roomy_(roomy), batch_(std::make_unique<Batch>()), clock_(clock) {}
Capture::Capture(Capture&&) noexcept = default;
Capture& Capture::operator=(Capture&&) noexcept = default;
Capture::~Capture() = default;

Result<Capture> Capture::open(UniqueFd socket, std::chrono::steady_clock::time_point start) {
  const auto roomy = set_receive_buffer(socket.get());
  const auto set = roomy ? set_up(socket.get()) : std::unexpected(roomy.error());
  if (!set) return std::unexpected(set.error().during("set up the capture"));
  return Capture(std::move(socket), *roomy, PacketClock(start, read_clocks()));
}

Result<std::size_t> Capture::drain(std::size_t limit,
                                   const std::function<void(const CapturedPacket&)>& take) {
  std::size_t taken = 0;
  while (taken < limit) {
    batch_->prepare(kBatch);
    const int received =
        recvmmsg(socket_.get(), batch_->messages.data(), kBatch, MSG_DONTWAIT | MSG_TRUNC, nullptr);
    if (received < 0) {
      if (errno == EAGAIN) break;
      if (errno == EINTR || errno == ENETDOWN) continue;  // an interface went down: told once
      return std::unexpected(errno_error("recvmmsg(AF_PACKET)"));
    }
    const auto count = static_cast<std::size_t>(received);
    batch_->place(clock_, count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t length = batch_->messages[i].msg_len;
      take({.at = batch_->sent[i],
            .stamp = clock_.realtime(batch_->sent[i]),
            .bytes = {static_cast<const char*>(batch_->vectors[i].iov_base), std::min(length, kSnapLength)},
            .original_length = length});
    }
    taken += count;
    captured_ += count;
    if (count < kBatch) break;
  }
  return taken;
}

Result<std::uint64_t> Capture::lost() {
  tpacket_stats growth{};  // the kernel sets it back to 0 with each reading
  socklen_t size = sizeof growth;
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &growth, &size) != 0) {
    return std::unexpected(errno_error("getsockopt(PACKET_STATISTICS)"));
  }
  lost_ += growth.tp_drops;
  return lost_;
}

}  // namespace selfconnect
