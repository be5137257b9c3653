// Where the calls arrive that are not modelled: in a run they end it with their name (refuse.h), else they are the C library's. One
// definition per line of refused.def, and those whose parameters vary.
// SPDX-License-Identifier: MIT
#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <termios.h>
#include <threads.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "fuzz/vnet/descriptors.h"
#include "fuzz/vnet/entry.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/next.h"
#include "fuzz/vnet/refuse.h"

using namespace selfconnect::vnet;

namespace {

namespace why {

constexpr const char* threads =
    "clients that use threads are not modelled: build the client without them, or drive its single-threaded "
    "calls";
constexpr const char* processes = "other processes are not part of the virtual network";
constexpr const char* time = "not modelled: it would tell or take real time";
constexpr const char* signals = "not modelled: in a run no signal comes from outside";
constexpr const char* network = "not modelled";
constexpr const char* names = "not modelled: dial an address, or resolve with getaddrinfo()";
constexpr const char* interfaces = "not modelled: the virtual host has no list of interfaces";
constexpr const char* ranges = "not modelled: it would close what is not the client's";
constexpr const char* descriptors = "not modelled for a virtual descriptor";

}  // namespace why

[[nodiscard]] bool in_run() { return current_host() != nullptr; }

template <class... Descriptor>
void refuse_virtual(const char* call, Descriptor... descriptors) {
  if (in_run() && (Descriptors::is_virtual(descriptors) || ...)) refuse(call, why::descriptors);
}

}  // namespace

#define VNET_REFUSED(result, name, parameters, arguments, reason) \
  VNET_ENTRY(result, name, parameters) {                          \
    if (in_run()) refuse(#name "()", why::reason);                \
    return next<result parameters>(Name::name) arguments;         \
  }
#define VNET_UNPACK(...) __VA_ARGS__
#define VNET_REFUSED_FD(result, name, parameters, arguments, descriptors) \
  VNET_ENTRY(result, name, parameters) {                                  \
    refuse_virtual(#name "()", VNET_UNPACK descriptors);                  \
    return next<result parameters>(Name::name) arguments;                 \
  }
#include "fuzz/vnet/refused.def"
#undef VNET_REFUSED
#undef VNET_REFUSED_FD
#undef VNET_UNPACK

VNET_ENTRY(ssize_t, __pread_chk, (int fd, void* buffer, size_t size, off_t offset, size_t room)) {
  refuse_virtual("pread()", fd);
  return next<ssize_t(int, void*, size_t, off_t, size_t)>(Name::__pread_chk)(fd, buffer, size, offset, room);
}

VNET_ENTRY(ssize_t, __pread64_chk, (int fd, void* buffer, size_t size, off64_t offset, size_t room)) {
  refuse_virtual("pread64()", fd);
  return next<ssize_t(int, void*, size_t, off64_t, size_t)>(Name::__pread64_chk)(fd, buffer, size, offset,
                                                                                 room);
}

VNET_ENTRY(int, dprintf, (int fd, const char* format, ...)) {
  refuse_virtual("dprintf()", fd);
  va_list list;
  va_start(list, format);
  const int result = vnet_vdprintf(fd, format, list);
  va_end(list);
  return result;
}

VNET_ENTRY(int, __vdprintf_chk, (int fd, int flag, const char* format, va_list list)) {
  refuse_virtual("vdprintf()", fd);
  return next<int(int, int, const char*, va_list)>(Name::__vdprintf_chk)(fd, flag, format, list);
}

VNET_ENTRY(int, __dprintf_chk, (int fd, int flag, const char* format, ...)) {
  refuse_virtual("dprintf()", fd);
  va_list list;
  va_start(list, format);
  const int result = vnet___vdprintf_chk(fd, flag, format, list);
  va_end(list);
  return result;
}

VNET_ENTRY(int, socketpair, (int family, int type, int protocol, int* pair)) {
  if (in_run() && family != AF_UNIX) refuse("socketpair()", why::network);
  return next<int(int, int, int, int*)>(Name::socketpair)(family, type, protocol, pair);
}

// No function that is not written in assembly can stand in front of vfork(), whose child returns from it first. POSIX lets it be fork().
VNET_ENTRY(pid_t, vfork, (void)) {
  if (in_run()) refuse("vfork()", why::processes);
  return vnet_fork();
}

VNET_ENTRY(int, clone, (int (*start)(void*), void* stack, int flags, void* argument, ...)) {
  if (in_run()) refuse("clone()", (flags & CLONE_THREAD) != 0 ? why::threads : why::processes);
  va_list list;
  va_start(list, argument);
  std::array<void*, 3> rest;  // parent_tid, tls, child_tid
  for (void*& each : rest) each = va_arg(list, void*);
  va_end(list);
  return next<int(int (*)(void*), void*, int, void*, ...)>(Name::clone)(start, stack, flags, argument,
                                                                        rest[0], rest[1], rest[2]);
}

namespace {

// The arguments of execl() and the like, from the first to the null pointer.
std::vector<char*> listed(const char* first, va_list list) {
  std::vector<char*> all{const_cast<char*>(first)};
  while (all.back() != nullptr) all.push_back(va_arg(list, char*));
  return all;
}

}  // namespace

VNET_ENTRY(int, execl, (const char* path, const char* first, ...)) {
  va_list list;
  va_start(list, first);
  const std::vector<char*> arguments = listed(first, list);
  va_end(list);
  return vnet_execv(path, arguments.data());
}

VNET_ENTRY(int, execlp, (const char* file, const char* first, ...)) {
  va_list list;
  va_start(list, first);
  const std::vector<char*> arguments = listed(first, list);
  va_end(list);
  return vnet_execvp(file, arguments.data());
}

VNET_ENTRY(int, execle, (const char* path, const char* first, ...)) {
  va_list list;
  va_start(list, first);
  const std::vector<char*> arguments = listed(first, list);
  char* const* const environment = va_arg(list, char* const*);
  va_end(list);
  return vnet_execve(path, arguments.data(), environment);
}

VNET_ENTRY(long, ptrace, (int request, ...)) {
  if (in_run()) refuse("ptrace()", why::processes);
  va_list list;
  va_start(list, request);
  std::array<void*, 3> rest;  // pid, address, data
  for (void*& each : rest) each = va_arg(list, void*);
  va_end(list);
  return next<long(int, ...)>(Name::ptrace)(request, rest[0], rest[1], rest[2]);
}

namespace {

// What syscall(2) may do in a run: nothing of it waits, tells the time, or touches a descriptor that may be virtual. Futexes, for
// which the C++ run time needs it, only wake: with one thread, a wait would be for ever.
[[nodiscard]] bool is_harmless(long number, long second) {
  constexpr std::array kHarmless = {
      SYS_getpid,       SYS_gettid,      SYS_getppid,           SYS_getuid, SYS_geteuid,
      SYS_getgid,       SYS_getegid,     SYS_getrandom,         SYS_getcpu, SYS_membarrier,
      SYS_memfd_create, SYS_sched_yield, SYS_sched_getaffinity, SYS_mmap,   SYS_munmap,
      SYS_mprotect,     SYS_madvise,     SYS_mincore,           SYS_rseq,   SYS_uname,
      SYS_sysinfo,      SYS_prlimit64};
  if (number == SYS_futex) {
    const long operation = second & FUTEX_CMD_MASK;
    return operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET || operation == FUTEX_REQUEUE ||
           operation == FUTEX_CMP_REQUEUE || operation == FUTEX_WAKE_OP;
  }
  return std::ranges::find(kHarmless, number) != kHarmless.end();
}

}  // namespace

VNET_ENTRY(long, syscall, (long number, ...)) {
  va_list list;
  va_start(list, number);
  std::array<long, 6> rest;
  for (long& each : rest) each = va_arg(list, long);
  va_end(list);
  if (in_run() && !is_harmless(number, rest[1])) {
    std::array<char, 32> call;
    std::snprintf(call.data(), call.size(), "syscall(%ld)", number);
    refuse(call.data(), "system calls by number are not modelled, but for a few that are harmless");
  }
  return next<long(long, ...)>(Name::syscall)(number, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]);
}

VNET_ENTRY_ALIAS(__fork, fork)
VNET_ENTRY_ALIAS(__vfork, vfork)
VNET_ENTRY_ALIAS(__clone, clone)
VNET_ENTRY_ALIAS(__adjtimex, adjtimex)
VNET_ENTRY_ALIAS(__lseek, lseek)
VNET_ENTRY_ALIAS(__pread64, pread64)
VNET_ENTRY_ALIAS(__pwrite64, pwrite64)
VNET_ENTRY_ALIAS(__wait, wait)
VNET_ENTRY_ALIAS(__waitpid, waitpid)
VNET_ENTRY_ALIAS(__sigsuspend, sigsuspend)
VNET_ENTRY_ALIAS(__res_query, res_query)
VNET_ENTRY_ALIAS(__res_search, res_search)
VNET_ENTRY_ALIAS(__res_querydomain, res_querydomain)
VNET_ENTRY_ALIAS(__res_send, res_send)
VNET_ENTRY_ALIAS(__res_nquery, res_nquery)
VNET_ENTRY_ALIAS(__res_nsearch, res_nsearch)
VNET_ENTRY_ALIAS(__res_nsend, res_nsend)
