// A canary (targets/canaries) on the virtual network: its program as it is, but for the name of its main(). Compiled once for each,
// with CANARY as its name.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/fuzz_target.h"

int canary_main(int argc, char** argv);

VNET_FUZZ_TARGET({.program = canary_main,
                  .arguments = {CANARY, "{host}", "{port}"},
                  .answer = R"(read:5 say:"PONG\n")",
                  .command = CANARY " {host} {port}"});
