// The main of a fuzz target in a program without a fuzzing engine.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/command.h"

int main(int argc, char** argv) { return selfconnect::vnet::play_command(argc, argv); }
