// The C library's own calls, for real descriptors and outside of runs: never replaced by this library. wrap.cc and
// interpose.cc each say where they are.
// SPDX-License-Identifier: MIT
#pragma once

#include "fuzz/vnet/calls.h"

namespace selfconnect::vnet::real {

#define VNET_CALL(result, name, parameters, arguments) result name parameters;
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

int fcntl(int fd, int command, long argument);
int ioctl(int fd, unsigned long request, void* argument);

}  // namespace selfconnect::vnet::real
