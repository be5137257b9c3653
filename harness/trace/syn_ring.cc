// SPDX-License-Identifier: MIT
#include "harness/trace/syn_ring.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <atomic>

namespace selfconnect {

namespace {

constexpr unsigned kFrameSize = 256;    // the kernel's header and two of the packet's
constexpr unsigned kFrames = 1U << 16;  // 16 MiB: half a second of the fastest dialler
constexpr unsigned kBlockSize = 1U << 16;
constexpr unsigned kBatch = 64;  // SYNs for which the clocks are read once

// SYN without ACK over TCP, over IPv4 without options or IPv6 without extension headers: what connect() sends; and FIN or
// RST from a port to the same number. By absolute offsets, for the kernel calls a function for the others. The headers
// are all that is kept.
constexpr std::uint32_t kEtherType = static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_PROTOCOL;
constexpr std::uint32_t kKept = 120;
constexpr std::array<sock_filter, 25> kSyns = {{
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kEtherType),                 // 0
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 10),           // 1: else 12
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),                          // 2: IPv4 protocol
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 19),        // 3: else drop 23
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20 + 13),                    // 4: TCP flags
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kTcpFin | kTcpRst, 2, 0),  // 5: to 8
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kTcpSyn | kTcpAck),         // 6
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kTcpSyn, 16, 15),           // 7: take 24, drop 23
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),                         // 8: source port
    BPF_STMT(BPF_MISC | BPF_TAX, 0),                                // 9
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20 + 2),                     // 10: destination port
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 12, 11),                 // 11: take 24, drop 23
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 10),         // 12: else drop 23
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),                          // 13: IPv6 next header
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 8),         // 14: else drop 23
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),                    // 15: TCP flags
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kTcpFin | kTcpRst, 2, 0),  // 16: to 19
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kTcpSyn | kTcpAck),         // 17
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kTcpSyn, 5, 4),             // 18: take 24, drop 23
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),                         // 19: source port
    BPF_STMT(BPF_MISC | BPF_TAX, 0),                                // 20
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40 + 2),                     // 21: destination port
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),                   // 22: take 24, drop 23
    BPF_STMT(BPF_RET | BPF_K, 0),                                   // 23
    BPF_STMT(BPF_RET | BPF_K, kKept),                               // 24
}};

Syn::Kind kind_of(std::uint8_t flags) {
  if ((flags & kTcpRst) != 0) return Syn::Kind::kReset;
  return (flags & kTcpFin) != 0 ? Syn::Kind::kFin : Syn::Kind::kAttempt;
}

template <class Value>
Result<void> set_option(int fd, int level, int option, const Value& value, std::string_view name) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) == 0) return {};
  return std::unexpected(errno_error(name));
}

// Everything is set before the bind, so that nothing comes in unfiltered.
Result<void> set_up(int fd) {
  const sock_fprog filter = {.len = kSyns.size(), .filter = const_cast<sock_filter*>(kSyns.data())};
  const tpacket_req ring = {.tp_block_size = kBlockSize,
                            .tp_block_nr = kFrames * kFrameSize / kBlockSize,
                            .tp_frame_size = kFrameSize,
                            .tp_frame_nr = kFrames};
  const int version = TPACKET_V2;
  const int on = 1;
  if (auto set = set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, "setsockopt(SO_ATTACH_FILTER)"); !set)
    return set;
  if (auto set = set_option(fd, SOL_PACKET, PACKET_VERSION, version, "setsockopt(PACKET_VERSION)"); !set)
    return set;
  // On lo every packet that goes out comes in again: once is enough.
  if (auto set = set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, on, "setsockopt(PACKET_IGNORE_OUTGOING)");
      !set)
    return set;
  return set_option(fd, SOL_PACKET, PACKET_RX_RING, ring, "setsockopt(PACKET_RX_RING)");
}

Result<void> bind_to_all(int fd) {
  const sockaddr_ll any = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0) return {};
  return std::unexpected(errno_error("bind(AF_PACKET, ETH_P_ALL)"));
}

}  // namespace

// The ring in our memory.
class SynRing::Mapping {
 public:
  static constexpr std::size_t kSize = static_cast<std::size_t>(kFrameSize) * kFrames;

  explicit Mapping(int fd)
      : start_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0)) {}
  ~Mapping() {
    if (mapped()) munmap(start_, kSize);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] bool mapped() const { return start_ != MAP_FAILED; }
  [[nodiscard]] char* frame(std::size_t index) const {
    return static_cast<char*>(start_) + index * kFrameSize;
  }

 private:
  void* start_;
};

SynRing::SynRing(UniqueFd socket, std::unique_ptr<Mapping> mapping, PacketClock clock)
    : socket_(std::move(socket)), mapping_(std::move(mapping)), clock_(clock) {}
SynRing::SynRing(SynRing&&) noexcept = default;
SynRing& SynRing::operator=(SynRing&&) noexcept = default;
SynRing::~SynRing() = default;

Result<SynRing> SynRing::open(UniqueFd socket, std::chrono::steady_clock::time_point start) {
  if (auto set = set_up(socket.get()); !set) return std::unexpected(set.error().during("set up the ring"));
  auto mapping = std::make_unique<Mapping>(socket.get());
  if (!mapping->mapped()) return std::unexpected(errno_error("mmap the ring"));
  if (auto bound = bind_to_all(socket.get()); !bound) return std::unexpected(bound.error());
  return SynRing(std::move(socket), std::move(mapping), PacketClock(start, read_clocks()));
}

void SynRing::drain(const std::function<void(const Syn&)>& take) {
  std::array<Syn, kBatch> syns;
  std::array<timespec, kBatch> stamps;
  std::array<Instant, kBatch> sent;
  for (unsigned read = 0; read < kFrames; read += kBatch) {
    const std::size_t count = take_batch(syns, stamps);
    if (count == 0) return;
    clock_.place(read_clocks(), std::span(stamps).first(count), sent);
    for (std::size_t i = 0; i < count; ++i) {
      syns[i].at = sent[i];
      take(syns[i]);
    }
  }
}

// The next ones of the ring, as many as have room; their frames are the kernel's again.
std::size_t SynRing::take_batch(std::span<Syn> syns, std::span<timespec> stamps) {
  std::size_t count = 0;
  while (count < syns.size()) {
    char* frame = mapping_->frame(next_);
    auto& header = *reinterpret_cast<tpacket2_hdr*>(frame);
    const std::atomic_ref status(header.tp_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) break;
    if (const auto tcp = decode_packet({frame + header.tp_net, header.tp_snaplen}, header.tp_len)) {
      stamps[count] = {.tv_sec = header.tp_sec, .tv_nsec = header.tp_nsec};
      syns[count++] = {.kind = kind_of(tcp->flags),
                       .at = {},
                       .source = tcp->source,
                       .destination = tcp->destination,
                       .sequence = tcp->sequence};
    }
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) % kFrames;
  }
  return count;
}

Result<std::uint64_t> SynRing::lost() {
  tpacket_stats growth{};  // the kernel sets it back to 0 with each reading
  socklen_t size = sizeof(growth);
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &growth, &size) != 0) {
    return std::unexpected(errno_error("getsockopt(PACKET_STATISTICS)"));
  }
  lost_ += growth.tp_drops;
  return lost_;
}

}  // namespace selfconnect
