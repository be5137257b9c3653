// The calls of the C library where no client is put on vnet and no name is replaced: for tests of the model, which call
// calls::NAME themselves and may use real sockets beside it.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/ioctl.h>

#include "fuzz/vnet/real.h"

namespace selfconnect::vnet::real {

#define VNET_CALL(result, name, parameters, arguments) \
  result name parameters { return ::name arguments; }
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

int fcntl(int fd, int command, long argument) { return ::fcntl(fd, command, argument); }
int ioctl(int fd, unsigned long request, void* argument) { return ::ioctl(fd, request, argument); }

int sigaction(int number, const struct sigaction* action, struct sigaction* before) {
  return ::sigaction(number, action, before);
}

void before_first_run() {}

}  // namespace selfconnect::vnet::real
