// Where a client's calls arrive: in a run at the virtual host (calls.h), else at the C library (real.h). One definition per line of
// calls.def, and those whose parameters vary.
// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstdarg>
#include <tuple>
#include <type_traits>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/descriptors.h"
#include "fuzz/vnet/entry.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/real.h"
#include "fuzz/vnet/refuse.h"
#include "fuzz/vnet/trace_line.h"

static_assert(sizeof(long) == 8 && sizeof(time_t) == 8,
              "the C library has more names where these are shorter");

using namespace selfconnect::vnet;

namespace {

template <class Result, class... Arguments>
void trace(Host& host, const char* name, const char* names, Result result,
           const std::tuple<Arguments&...>& arguments) {
  const int error = errno;
  const auto number = static_cast<std::int64_t>(result);
  const bool real_socket =
      std::string_view(name) == "socket" && result >= 0 && !Descriptors::is_virtual(static_cast<int>(result));
  if (!real_socket) {
    TraceLine line(name, names);
    line.add_all(arguments);
    *host.trace += line.finish(host.now(), number, error);
  }
  errno = error;
}

// `name` and the rest are what the trace shows, `call` is the call itself. `host` is the current one.
template <class Call, class... Arguments>
auto enter(Host& host, const char* name, const char* names, const Call& call,
           const std::tuple<Arguments&...>& arguments) {
  host.overseer().called(name);
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
  } else {
    const auto result = call();
    if (host.trace != nullptr) trace(host, name, names, result, arguments);
    return result;
  }
}

}  // namespace

#define VNET_CALL(result, name, parameters, arguments)                                                \
  VNET_ENTRY(result, name, parameters) {                                                              \
    Host* const run = current_host();                                                                 \
    if (run == nullptr) return real::name arguments;                                                  \
    return enter(*run, #name, #arguments, [&] { return calls::name arguments; }, std::tie arguments); \
  }
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

// The last parameter is there or not: an argument register is read in either case, as the C library itself does.
VNET_ENTRY(int, fcntl, (int fd, int command, ...)) {
  va_list list;
  va_start(list, command);
  const long argument = va_arg(list, long);
  va_end(list);
  Host* const run = current_host();
  if (run == nullptr) return real::fcntl(fd, command, argument);
  return enter(
      *run, "fcntl", "(fd, command)", [&] { return calls::fcntl(fd, command, argument); },
      std::tie(fd, command));
}

VNET_ENTRY(int, ioctl, (int fd, unsigned long request, ...)) {
  va_list list;
  va_start(list, request);
  void* const argument = va_arg(list, void*);
  va_end(list);
  Host* const run = current_host();
  if (run == nullptr) return real::ioctl(fd, request, argument);
  return enter(
      *run, "ioctl", "(fd, request)", [&] { return calls::ioctl(fd, request, argument); },
      std::tie(fd, request));
}

// What _FORTIFY_SOURCE makes of some: `room` is the size of the object behind the pointer.
static void require_room(const char* name, std::size_t size, std::size_t room) {
  if (size > room) refuse(name, "buffer overflow, found by _FORTIFY_SOURCE");
}

VNET_ENTRY(ssize_t, __read_chk, (int fd, void* buffer, size_t size, size_t room)) {
  require_room("read()", size, room);
  return vnet_read(fd, buffer, size);
}

VNET_ENTRY(ssize_t, __recv_chk, (int fd, void* buffer, size_t size, size_t room, int flags)) {
  require_room("recv()", size, room);
  return vnet_recv(fd, buffer, size, flags);
}

VNET_ENTRY(ssize_t, __recvfrom_chk,
           (int fd, void* buffer, size_t size, size_t room, int flags, sockaddr* from, socklen_t* length)) {
  require_room("recvfrom()", size, room);
  return vnet_recvfrom(fd, buffer, size, flags, from, length);
}

VNET_ENTRY(int, __poll_chk, (pollfd * fds, nfds_t count, int timeout_ms, size_t room)) {
  require_room("poll()", count, room / sizeof(pollfd));
  return vnet_poll(fds, count, timeout_ms);
}

VNET_ENTRY(int, __ppoll_chk,
           (pollfd * fds, nfds_t count, const timespec* timeout, const sigset_t* mask, size_t room)) {
  require_room("ppoll()", count, room / sizeof(pollfd));
  return vnet_ppoll(fds, count, timeout, mask);
}

VNET_ENTRY_ALIAS(fcntl64, fcntl)
VNET_ENTRY_ALIAS(__fcntl, fcntl)
VNET_ENTRY_ALIAS(__connect, connect)
VNET_ENTRY_ALIAS(__send, send)
VNET_ENTRY_ALIAS(__read, read)
VNET_ENTRY_ALIAS(__write, write)
VNET_ENTRY_ALIAS(__close, close)
VNET_ENTRY_ALIAS(__dup2, dup2)
VNET_ENTRY_ALIAS(__poll, poll)
VNET_ENTRY_ALIAS(__select, select)
VNET_ENTRY_ALIAS(__nanosleep, nanosleep)
VNET_ENTRY_ALIAS(__gettimeofday, gettimeofday)
