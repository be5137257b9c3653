// What a fuzz target does when it is called with options of ours, with an engine or without one.
// SPDX-License-Identifier: MIT
#pragma once

namespace selfconnect::vnet {

// Whether the first argument is an option of ours: they begin with two dashes, an engine's with one.
[[nodiscard]] bool is_own_command(int argc, char** argv);

// Plays or shrinks what the arguments name; gives the exit code. Aborts where there is a finding.
[[nodiscard]] int play_command(int argc, char** argv);

}  // namespace selfconnect::vnet
