// The C library's own calls, for real descriptors and outside of runs: never replaced by this library. Where a sanitizer has put
// its own on top, that. next.cc says where they are when a client is put on vnet, plain.cc when nobody is.
// SPDX-License-Identifier: MIT
#pragma once

#include "fuzz/vnet/calls.h"

namespace selfconnect::vnet::real {

#define VNET_CALL(result, name, parameters, arguments) result name parameters;
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

int fcntl(int fd, int command, long argument);
int ioctl(int fd, unsigned long request, void* argument);
int sigaction(int number, const struct sigaction* action, struct sigaction* before);

// Called once, when the first run of the process begins: seals the process off from the host's network (seal.h). plain.cc: nothing.
void before_first_run();

}  // namespace selfconnect::vnet::real
