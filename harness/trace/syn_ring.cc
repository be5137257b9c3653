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

#include "harness/trace/realtime.h"

namespace selfconnect {

namespace {

constexpr unsigned kBlockSize = 1U << 18;
constexpr unsigned kBlocks = 32;  // 8 MiB: half a second of the fastest dialler
constexpr unsigned kFrameSize = 2048;
constexpr unsigned kHandOver = 5;  // ms, after which a block is handed over though it is not full

// SYN without ACK over TCP, over IPv4 without options or IPv6 without extension headers: what connect() sends. The
// headers are all that is kept.
constexpr std::uint32_t kEtherType = static_cast<std::uint32_t>(SKF_AD_OFF) + SKF_AD_PROTOCOL;
constexpr std::uint32_t kKept = 120;
constexpr std::array<sock_filter, 15> kSyns = {{
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kEtherType),           // 0
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 4),      // 1: else 6
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),                    // 2: IPv4 protocol
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 10),  // 3: else drop 14
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20 + 13),              // 4: TCP flags
    BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0),                      // 5: to 10
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 7),    // 6: else drop 14
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),                    // 7: IPv6 next header
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 5),   // 8: else drop 14
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),              // 9: TCP flags
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kTcpSyn | kTcpAck),   // 10
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kTcpSyn, 0, 1),       // 11: else drop 13
    BPF_STMT(BPF_RET | BPF_K, kKept),                         // 12
    BPF_STMT(BPF_RET | BPF_K, 0),                             // 13
    BPF_STMT(BPF_RET | BPF_K, 0),                             // 14
}};

template <class Value>
Result<void> set_option(int fd, int level, int option, const Value& value, std::string_view name) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) == 0) return {};
  return std::unexpected(errno_error(name));
}

// Everything is set before the bind, so that nothing comes in unfiltered.
Result<void> set_up(int fd) {
  const sock_fprog filter = {.len = kSyns.size(), .filter = const_cast<sock_filter*>(kSyns.data())};
  const tpacket_req3 ring = {.tp_block_size = kBlockSize,
                             .tp_block_nr = kBlocks,
                             .tp_frame_size = kFrameSize,
                             .tp_frame_nr = kBlocks * (kBlockSize / kFrameSize),
                             .tp_retire_blk_tov = kHandOver,
                             .tp_sizeof_priv = 0,
                             .tp_feature_req_word = 0};
  const int version = TPACKET_V3;
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
  static constexpr std::size_t kSize = static_cast<std::size_t>(kBlockSize) * kBlocks;

  explicit Mapping(int fd)
      : start_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0)) {}
  ~Mapping() {
    if (mapped()) munmap(start_, kSize);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] bool mapped() const { return start_ != MAP_FAILED; }
  [[nodiscard]] char* block(std::size_t index) const {
    return static_cast<char*>(start_) + index * kBlockSize;
  }

 private:
  void* start_;
};

SynRing::SynRing(UniqueFd socket, std::unique_ptr<Mapping> mapping, std::chrono::nanoseconds start)
    : socket_(std::move(socket)), mapping_(std::move(mapping)), start_(start) {}
SynRing::SynRing(SynRing&&) noexcept = default;
SynRing& SynRing::operator=(SynRing&&) noexcept = default;
SynRing::~SynRing() = default;

Result<SynRing> SynRing::open(UniqueFd socket, std::chrono::steady_clock::time_point start) {
  if (auto set = set_up(socket.get()); !set) return std::unexpected(set.error().during("set up the ring"));
  auto mapping = std::make_unique<Mapping>(socket.get());
  if (!mapping->mapped()) return std::unexpected(errno_error("mmap the ring"));
  if (auto bound = bind_to_all(socket.get()); !bound) return std::unexpected(bound.error());
  return SynRing(std::move(socket), std::move(mapping), start.time_since_epoch() + realtime_offset());
}

void SynRing::drain(const std::function<void(const Syn&)>& take) {
  for (std::size_t read = 0; read < kBlocks; ++read) {
    auto* block = reinterpret_cast<tpacket_block_desc*>(mapping_->block(next_));
    tpacket_hdr_v1& header = block->hdr.bh1;
    const std::atomic_ref status(header.block_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return;
    const char* at = mapping_->block(next_) + header.offset_to_first_pkt;
    for (std::uint32_t i = 0; i < header.num_pkts; ++i) {
      const auto* packet = reinterpret_cast<const tpacket3_hdr*>(at);
      const auto tcp = decode_packet({at + packet->tp_net, packet->tp_snaplen}, packet->tp_len);
      if (tcp) {
        const timespec stamp{.tv_sec = packet->tp_sec, .tv_nsec = packet->tp_nsec};
        take({.at = duration_of(stamp) - start_,
              .source = tcp->source,
              .destination = tcp->destination,
              .sequence = tcp->sequence});
      }
      at += packet->tp_next_offset;
    }
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
    next_ = (next_ + 1) % kBlocks;
  }
}

Result<std::uint64_t> SynRing::lost() {
  tpacket_stats_v3 growth{};  // the kernel sets it back to 0 with each reading
  socklen_t size = sizeof(growth);
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &growth, &size) != 0) {
    return std::unexpected(errno_error("getsockopt(PACKET_STATISTICS)"));
  }
  lost_ += growth.tp_drops;
  return lost_;
}

}  // namespace selfconnect
