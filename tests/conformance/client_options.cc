// The calls that ask and set what a descriptor is like.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "client.h"
#include "client_text.h"

namespace selfconnect::conformance {

namespace {

constexpr std::int64_t kLinger = option(SOL_SOCKET, SO_LINGER);
constexpr std::int64_t kReceiveTimeout = option(SOL_SOCKET, SO_RCVTIMEO);
constexpr std::int64_t kSendTimeout = option(SOL_SOCKET, SO_SNDTIMEO);
constexpr std::int64_t kState = option(IPPROTO_TCP, TCP_INFO);
constexpr std::int64_t kError = option(SOL_SOCKET, SO_ERROR);

int level_of(std::int64_t option) { return static_cast<int>(option >> 16); }
int name_of(std::int64_t option) { return static_cast<int>(option & 0xffff); }

// tcp_states.h of the kernel. FIN-WAIT-1 lasts as long as the other end thinks it over to acknowledge the FIN (delayed ACK,
// RFC 1122 4.2.3.2), which is no behaviour to compare.
std::string_view state_text(unsigned state) {
  static constexpr std::string_view kNames[] = {"?",          "established", "syn-sent",  "syn-recv",
                                                "fin-wait",   "fin-wait",    "time-wait", "close",
                                                "close-wait", "last-ack",    "listen",    "closing"};
  return state < std::size(kNames) ? kNames[state] : "?";
}

}  // namespace

std::string Client::getsockopt(const Call& call) {
  const std::int64_t asked = call.value(1);
  union {
    int number;
    linger lingering;
    timeval limit;
    tcp_info info;
  } value{};
  std::memset(&value, 0, sizeof(value));
  socklen_t size = asked == kLinger                                    ? sizeof(linger)
                   : asked == kReceiveTimeout || asked == kSendTimeout ? sizeof(timeval)
                   : asked == kState                                   ? offsetof(tcp_info, tcpi_rto)
                                                                       : sizeof(int);
  const bool full_room = call.value(2) == kFullRoom;
  if (!full_room) size = static_cast<socklen_t>(call.value(2));
  const int result = stack_.getsockopt(fd(call), level_of(asked), name_of(asked), &value, &size);
  if (result < 0) return result_text(result);
  if (!full_room) return fmt::format("0 {} of {} bytes", asked == kState ? 0 : value.number, size);
  if (asked == kLinger) return fmt::format("0 {} {}", value.lingering.l_onoff, value.lingering.l_linger);
  if (asked == kReceiveTimeout || asked == kSendTimeout) {
    // The kernel rounds to its ticks.
    return value.limit.tv_sec == 0 && value.limit.tv_usec == 0 ? "0 none" : "0 some";
  }
  if (asked == kState) return fmt::format("0 {}", state_text(value.info.tcpi_state));
  if (asked == kError) return fmt::format("0 {}", value.number == 0 ? "none" : strerrorname_np(value.number));
  return fmt::format("0 {} of {} bytes", value.number, size);
}

std::string Client::setsockopt(const Call& call) {
  const std::int64_t asked = call.value(1);
  const int number = static_cast<int>(call.value(2));
  const linger lingering{.l_onoff = number != 0 ? 1 : 0, .l_linger = number > 1 ? 1 : 0};
  const timeval limit{.tv_sec = 0, .tv_usec = number * 1000};
  const void* value = &number;
  socklen_t size = sizeof(number);
  if (asked == kLinger) value = &lingering, size = sizeof(lingering);
  if (asked == kReceiveTimeout || asked == kSendTimeout) value = &limit, size = sizeof(limit);
  if (call.value(3) != kFullRoom) size = static_cast<socklen_t>(call.value(3));
  return result_text(stack_.setsockopt(fd(call), level_of(asked), name_of(asked), value, size));
}

std::string Client::fcntl(const Call& call) {
  const std::int64_t asked = call.value(1);
  if (asked == F_DUPFD) {
    const int made = stack_.fcntl(fd(call), F_DUPFD, 0);
    if (made < 0) return result_text(made);
    return result_text(stack_.close(made));
  }
  if (asked == F_GETFL || asked == F_GETFD) {
    const int flags = stack_.fcntl(fd(call), static_cast<int>(asked), 0);
    return flags < 0 ? result_text(flags) : fmt::format("{:#o}", flags);
  }
  const int command = static_cast<int>(asked >> 8);
  const bool on = (asked & 1) != 0;
  if (command == F_SETFD) return result_text(stack_.fcntl(fd(call), F_SETFD, on ? FD_CLOEXEC : 0));
  const int flags = stack_.fcntl(fd(call), F_GETFL, 0);
  if (flags < 0) return result_text(flags);
  return result_text(stack_.fcntl(fd(call), F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

std::string Client::ioctl(const Call& call) {
  const std::int64_t asked = call.value(1);
  int number = 0;
  if (asked == FIONREAD || asked == SIOCATMARK) {
    const int result = stack_.ioctl(fd(call), static_cast<unsigned long>(asked), &number);
    return result < 0 ? result_text(result) : fmt::format("0 {}", number);
  }
  number = static_cast<int>(asked & 1);
  return result_text(stack_.ioctl(fd(call), static_cast<unsigned long>(asked >> 1), &number));
}

}  // namespace selfconnect::conformance
