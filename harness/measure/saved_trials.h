// What a measurement with --out leaves: measurement.json, and trial-N/packets.pcap for each trial.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace selfconnect {

inline constexpr std::string_view kMeasurementFile = "measurement.json";

[[nodiscard]] std::filesystem::path trial_directory(const std::filesystem::path& out, std::uint64_t trial);

// Removes the trials of an older measurement, and nothing else: directories with their name and no other file.
void forget_trials(const std::filesystem::path& out);

}  // namespace selfconnect
