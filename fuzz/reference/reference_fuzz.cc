// A reference target (targets/reference) on the virtual network: its program as it is, but for the name of its main(). Compiled once
// for each, with REFERENCE as its name.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/fuzz_target.h"

extern "C" int reference_main(int argc, char** argv);

VNET_FUZZ_TARGET({.program = reference_main,
                  .arguments = {REFERENCE, "{host}", "{port}"},
                  .stays = true,
                  .answer = R"(read:5 say:"HELLO\n")",
                  .secrets = {"hunter2"},
                  .command = REFERENCE " {host} {port}"});
