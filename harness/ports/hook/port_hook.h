// What the BPF program and the engine that loads it share: the values in its maps. Plain C for both compilers.
// SPDX-License-Identifier: MIT
#pragma once

#include <linux/types.h>

enum {
  kHookTable = 65536,         // ports of one policy, at most
  kHookTries = 128,           // ports that are tried for one attempt, at most
  kHookDestinations = 4096,   // that are counted, at most
  kHookEventBytes = 1 << 23,  // of the ring buffer: some 130,000 events
};

enum hook_mode {
  kHookKernel,  // hands off
  kHookForce,   // one port, else the kernel's choice
  kHookOwn,     // the destination's own port, else the kernel's choice
  kHookTurns,   // the ports of the table in turn
};

enum hook_call { kHookConnect, kHookBind };

// An IPv4-mapped destination is an IPv4 one here: four bytes of the address and zeros.
struct hook_destination {
  __u8 address[16];
  __u16 port;  // host byte order
  __u16 family;
};

struct hook_event {
  __u64 time_ns;  // CLOCK_MONOTONIC
  __u64 turn;     // of the table, from 0; where one was taken
  struct hook_destination destination;
  __u32 pid;    // the process (thread group), as the host sees it
  __u16 port;   // the last that was tried; 0: none was
  __u16 error;  // of bind(2): 0, or an errno
  __u16 call;
  __u16 took_turn;  // 0: the socket had its port, or the mode has no turns
};
