// Stored packets as a pcap file that Wireshark opens: raw IP, nanoseconds, secrets blacked out.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/sys/error.h"
#include "harness/trace/packet_store.h"
#include "harness/trace/secret_ranges.h"

namespace selfconnect {

// Blacked-out packets keep their length; their checksums are then wrong, as are those of packets that never
// left the machine (the kernel leaves them to the network card).
Result<void> write_pcap(const std::filesystem::path& file, const PacketStore& store,
                        const SecretRanges& ranges, const SecretPatterns& patterns);

}  // namespace selfconnect
