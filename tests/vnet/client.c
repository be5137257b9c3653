// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "tests/vnet/client.h"

#include <sched.h>
#include <sys/ioctl.h>

// Some give nothing, and are returned all the same, as GNU C allows.
#define VNET_CALL(result, name, parameters, arguments) \
  result client_##name parameters { return name arguments; }
#define VNET_REFUSED(result, name, parameters, arguments, why) VNET_CALL(result, name, parameters, arguments)
#define VNET_REFUSED_FD(result, name, parameters, arguments, descriptors) \
  VNET_CALL(result, name, parameters, arguments)
#include "fuzz/vnet/calls.def"
#include "fuzz/vnet/refused.def"

int client_fcntl_set(int fd, int flags) { return fcntl(fd, F_SETFL, flags); }
int client_ioctl_available(int fd, int* bytes) { return ioctl(fd, FIONREAD, bytes); }
int client_dprintf(int fd) { return dprintf(fd, "%s %d", "text", 1); }
int client_execl(void) { return execl("/bin/true", "true", (char*)NULL); }
int client_vfork(void) { return vfork(); }
int client_socketpair(int family, int* pair) { return socketpair(family, SOCK_STREAM, 0, pair); }
long client_syscall(long number, long a, long b, long c) { return syscall(number, a, b, c); }
void (*client_signal(int number, void (*handler)(int)))(int) { return signal(number, handler); }
int client_sigaction(int number, const struct sigaction* action, struct sigaction* before) {
  return sigaction(number, action, before);
}

static int start(void* argument) { return argument == NULL; }

int client_clone(void) {
  static char stack[65536];
  return clone(start, stack + sizeof stack, 0, NULL);
}
