// The calls of the C library as the virtual host has them: namespace `calls`, one function per line of calls.def, and the two
// whose last parameter varies. They give what the kernel gives: -1 and errno, or the result (getaddrinfo: EAI_...). To be called
// only while there is a current host. A real descriptor goes to the real call (real.h).
// SPDX-License-Identifier: MIT
#pragma once

#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

namespace selfconnect::vnet::calls {

#define VNET_CALL(result, name, parameters, arguments) result name parameters;
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

int fcntl(int fd, int command, long argument);
int ioctl(int fd, unsigned long request, void* argument);

}  // namespace selfconnect::vnet::calls
