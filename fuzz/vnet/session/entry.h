// The target of this program at work, for mains.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace selfconnect::vnet {

// Ends the program where there is a finding. `file`: where the input is kept, or empty.
void play_input(std::string_view input, const std::string& file);
// From now on all calls and segments are written to stderr.
void show_traces();

}  // namespace selfconnect::vnet
