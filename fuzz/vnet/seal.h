// The last line of defence between a client on vnet and the host's network: a filter of system calls (seccomp(2)), for what gets past
// the C library, be it inline assembly.
// SPDX-License-Identifier: MIT
#pragma once

namespace selfconnect::vnet {

// From here on no thread of this process, nor any process that it starts, can make a socket other than AF_UNIX ones, connect or bind
// another, send to an address of another, or set io_uring up: it ends with "vnet: socket(): reached the kernel ..." on stderr and
// SIGABRT. Aborts where the kernel has no seccomp. Needs no privilege; sets no_new_privs. Once per process.
void seal();

}  // namespace selfconnect::vnet
