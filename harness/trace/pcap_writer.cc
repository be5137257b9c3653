// SPDX-License-Identifier: MIT
#include "harness/trace/pcap_writer.h"

#include <pcap/pcap.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

namespace selfconnect {

namespace {

constexpr int kSnapLength = 262144;  // the most that readers allow (pcap-savefile(5))

using Pcap = std::unique_ptr<pcap_t, decltype(&pcap_close)>;
using Dumper = std::unique_ptr<pcap_dumper_t, decltype(&pcap_dump_close)>;

Error file_error(const std::filesystem::path& file) {
  return errno_error("write(" + file.string() + ")", errno != 0 ? errno : EIO);
}

}  // namespace

Result<void> write_pcap(const std::filesystem::path& file, const PacketStore& store,
                        const SecretRanges& ranges, const SecretPatterns& patterns) {
  const Pcap pcap(pcap_open_dead_with_tstamp_precision(DLT_RAW, kSnapLength, PCAP_TSTAMP_PRECISION_NANO),
                  pcap_close);
  if (!pcap) return std::unexpected(error("open a pcap writer: no memory"));
  std::FILE* stream = std::fopen(file.c_str(), "wbe");
  if (stream == nullptr) return std::unexpected(errno_error("open(" + file.string() + ")"));
  Dumper dumper(pcap_dump_fopen(pcap.get(), stream), pcap_dump_close);
  if (!dumper) {
    std::fclose(stream);
    return std::unexpected(error(pcap_geterr(pcap.get())));
  }
  std::string bytes;
  errno = 0;  // pcap_dump() does not tell; the stream remembers that it failed, errno why
  for (const CapturedPacket& packet : store.packets()) {
    bytes.assign(packet.bytes.substr(0, kSnapLength));
    if (!patterns.empty()) ranges.redact(bytes, packet.original_length, patterns);
    pcap_pkthdr header{};
    header.ts.tv_sec = packet.stamp.tv_sec;
    header.ts.tv_usec = packet.stamp.tv_nsec;  // nanoseconds, by the precision chosen
    header.caplen = static_cast<bpf_u_int32>(bytes.size());
    header.len = static_cast<bpf_u_int32>(packet.original_length);
    pcap_dump(reinterpret_cast<u_char*>(dumper.get()), &header,
              reinterpret_cast<const u_char*>(bytes.data()));
  }
  if (pcap_dump_flush(dumper.get()) != 0 || std::ferror(stream) != 0)
    return std::unexpected(file_error(file));
  return {};
}

}  // namespace selfconnect
