// A client library in C, for tests of how clients are put on vnet: client_NAME() is the call NAME(), for each line of calls.def and
// refused.def. Linked static and shared.
// SPDX-License-Identifier: MIT
#pragma once

#include <aio.h>
#include <arpa/nameser.h>
#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#else
typedef struct addrinfo addrinfo;
typedef struct epoll_event epoll_event;
typedef struct iovec iovec;
typedef struct itimerspec itimerspec;
typedef struct msghdr msghdr;
typedef struct pollfd pollfd;
typedef struct sockaddr sockaddr;
typedef struct timespec timespec;
typedef struct timeval timeval;
#endif

#define VNET_CALL(result, name, parameters, arguments) result client_##name parameters;
#define VNET_REFUSED(result, name, parameters, arguments, why) result client_##name parameters;
#define VNET_REFUSED_FD(result, name, parameters, arguments, descriptors) result client_##name parameters;
#include "fuzz/vnet/calls.def"
#include "fuzz/vnet/refused.def"
#undef VNET_CALL
#undef VNET_REFUSED
#undef VNET_REFUSED_FD

// Those whose parameters vary.
int client_fcntl_set(int fd, int flags);
int client_ioctl_available(int fd, int* bytes);
int client_dprintf(int fd);
int client_execl(void);
int client_clone(void);
int client_vfork(void);
int client_socketpair(int family, int* pair);
long client_syscall(long number, long a, long b, long c);
void (*client_signal(int number, void (*handler)(int)))(int);
int client_sigaction(int number, const struct sigaction* action, struct sigaction* before);

// Compiled with _FORTIFY_SOURCE and 64-bit file offsets: `size` of a buffer of 16.
ssize_t client_fortified_read(int fd, size_t size);
ssize_t client_fortified_recv(int fd, size_t size);
ssize_t client_fortified_recvfrom(int fd, size_t size);
int client_fortified_poll(size_t count);
int client_fortified_ppoll(size_t count);
int client_fcntl64_set(int fd, int flags);

#ifdef __cplusplus
}
#endif
