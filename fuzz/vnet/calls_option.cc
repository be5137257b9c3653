// getsockopt(2), setsockopt(2) and ioctl(2) of virtual sockets.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/on_socket.h"
#include "fuzz/vnet/real.h"

namespace selfconnect::vnet::calls {

namespace {

// Options that change nothing that can be seen here: what was set is given back, as the kernel makes of it. None: EINVAL.
using Keep = std::optional<int> (*)(int value);
struct KeptOption {
  int level, name;
  int before;  // when nobody has set it
  Keep keep;
};

std::optional<int> as_it_is(int value) { return value; }
std::optional<int> on_or_off(int value) { return value != 0 ? 1 : 0; }
template <int Least, int Most>
std::optional<int> within(int value) {
  if (value < Least || value > Most) return std::nullopt;
  return value;
}
// Like `within`, and one value that means what it was before.
template <int Least, int Most, int Default, int Before>
std::optional<int> within_or_default(int value) {
  return value == Default ? std::optional(Before) : within<Least, Most>(value);
}
// Twice what was asked for; net.core.rmem_max and wmem_max are 212,992, unless somebody has changed them.
template <int Least>
std::optional<int> buffer(int value) {
  constexpr int kMost = 212'992;
  return std::max(value < 0 || value > kMost ? 2 * kMost : 2 * value, Least);
}
std::optional<int> fin_wait2_seconds(int value) {
  return value < 0 ? -1 : value == 0 ? 60 : std::min(value, 120);
}
std::optional<int> without_ecn(int value) { return value & 0xfc; }
std::optional<int> traffic_class(int value) {
  return value == -1 ? std::optional(0) : within<0, 255>(value).and_then(without_ecn);
}

constexpr std::array kKept = {
    KeptOption{SOL_SOCKET, SO_KEEPALIVE, 0, on_or_off},
    KeptOption{SOL_SOCKET, SO_RCVBUF, 131'072, buffer<2304>},
    KeptOption{SOL_SOCKET, SO_SNDBUF, 16'384, buffer<4608>},
    KeptOption{SOL_SOCKET, SO_OOBINLINE, 0, on_or_off},
    KeptOption{SOL_SOCKET, SO_PRIORITY, 0, as_it_is},
    KeptOption{SOL_SOCKET, SO_DONTROUTE, 0, on_or_off},
    KeptOption{SOL_SOCKET, SO_BROADCAST, 0, on_or_off},
    KeptOption{IPPROTO_TCP, TCP_NODELAY, 0, on_or_off},
    KeptOption{IPPROTO_TCP, TCP_CORK, 0, on_or_off},
    KeptOption{IPPROTO_TCP, TCP_QUICKACK, 1, on_or_off},
    KeptOption{IPPROTO_TCP, TCP_KEEPIDLE, 7200, within<1, 32'767>},
    KeptOption{IPPROTO_TCP, TCP_KEEPINTVL, 75, within<1, 32'767>},
    KeptOption{IPPROTO_TCP, TCP_KEEPCNT, 9, within<1, 127>},
    KeptOption{IPPROTO_TCP, TCP_MAXSEG, 536, within_or_default<88, 32'767, 0, 536>},
    KeptOption{IPPROTO_TCP, TCP_LINGER2, 60, fin_wait2_seconds},
    KeptOption{IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, as_it_is},
    KeptOption{IPPROTO_IP, IP_TOS, 0, without_ecn},
    KeptOption{IPPROTO_IP, IP_TTL, 64, within_or_default<1, 255, -1, 64>},
    KeptOption{IPPROTO_IPV6, IPV6_TCLASS, 0, traffic_class},
    KeptOption{IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, within_or_default<0, 255, -1, 64>},
};

const KeptOption* kept(int level, int name) {
  const auto found = std::ranges::find_if(
      kKept, [&](const KeptOption& option) { return option.level == level && option.name == name; });
  return found == kKept.end() ? nullptr : &*found;
}

[[noreturn]] void refuse_option(const char* call, int level, int name) {
  refuse(fmt::format("{}(level {}, option {})", call, level, name), "this option is not modelled");
}

template <class Value>
int give(const Value& value, void* into, socklen_t* length) {
  *length = std::min<socklen_t>(*length, sizeof value);
  std::memcpy(into, &value, *length);
  return 0;
}

timeval timeval_of(const std::optional<Time>& duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration.value_or(Time{})).count();
  return {.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
}

int set_limit(std::optional<Time>& limit, const void* value, socklen_t length) {
  timeval wanted{};
  if (length < sizeof wanted) return -EINVAL;
  std::memcpy(&wanted, value, sizeof wanted);
  if (wanted.tv_usec < 0 || wanted.tv_usec >= 1'000'000) return -EDOM;
  constexpr long kNever = 1L << 32;
  if (wanted.tv_sec < 0) {
    limit = Time{};
  } else if ((wanted.tv_sec == 0 && wanted.tv_usec == 0) || wanted.tv_sec > kNever) {
    limit.reset();
  } else {
    limit = std::chrono::seconds(wanted.tv_sec) + std::chrono::microseconds(wanted.tv_usec);
  }
  return 0;
}

int get_option(TcpSocket& socket, int level, int name, void* value, socklen_t* length) {
  if (level != IPPROTO_IPV6 && static_cast<int>(*length) < 0) return -EINVAL;
  if (level == SOL_SOCKET) {
    switch (name) {
      case SO_ERROR:
        return give(socket.take_error(), value, length);
      case SO_TYPE:
        return give<int>(SOCK_STREAM, value, length);
      case SO_DOMAIN:
        return give<int>(socket.family() == Family::kIpv6 ? AF_INET6 : AF_INET, value, length);
      case SO_PROTOCOL:
        return give<int>(IPPROTO_TCP, value, length);
      case SO_ACCEPTCONN:
        return give<int>(socket.state() == TcpState::kListen ? 1 : 0, value, length);
      case SO_REUSEADDR:
        return give<int>(socket.options.reuse_address ? 1 : 0, value, length);
      case SO_REUSEPORT:
        return give<int>(0, value, length);
      case SO_LINGER:
        return give(socket.options.lingering, value, length);
      case SO_RCVTIMEO:
        return give(timeval_of(socket.options.receive_limit), value, length);
      case SO_SNDTIMEO:
        return give(timeval_of(socket.options.send_limit), value, length);
      default:
        break;
    }
  }
  if (level == IPPROTO_IPV6 && socket.family() == Family::kIpv4) return -EOPNOTSUPP;
  if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
    *length = std::min<socklen_t>(*length, sizeof(int));  // do_ipv6_getsockopt() takes it for unsigned
    return give<int>(socket.options.only_v6 ? 1 : 0, value, length);
  }
  if (level == IPPROTO_TCP) {
    switch (name) {
      case TCP_INFO: {
        tcp_info info{};
        info.tcpi_state = static_cast<std::uint8_t>(socket.state());
        return give(info, value, length);
      }
      case TCP_SYNCNT:
        return give<int>(socket.options.syn_retries.value_or(6), value, length);
      case TCP_USER_TIMEOUT:
        return give<int>(static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              socket.options.user_limit.value_or(Time{}))
                                              .count()),
                         value, length);
      default:
        break;
    }
  }
  const KeptOption* option = kept(level, name);
  if (option == nullptr) refuse_option("getsockopt", level, name);
  for (const auto& other : socket.options.others) {
    if (other.level == level && other.name == name) return give(other.value, value, length);
  }
  return give(option->before, value, length);
}

int keep_option(TcpSocket& socket, const KeptOption& option, int wanted) {
  const std::optional<int> value = option.keep(wanted);
  if (!value) return -EINVAL;
  for (auto& other : socket.options.others) {
    if (other.level == option.level && other.name == option.name) {
      other.value = *value;
      return 0;
    }
  }
  socket.options.others.push_back({.level = option.level, .name = option.name, .value = *value});
  return 0;
}

int set_option(TcpSocket& socket, int level, int name, const void* value, socklen_t length) {
  if (static_cast<int>(length) < 0) return -EINVAL;
  if (level == IPPROTO_IPV6 && socket.family() == Family::kIpv4) return -ENOPROTOOPT;
  if (level == SOL_SOCKET && name == SO_RCVTIMEO)
    return set_limit(socket.options.receive_limit, value, length);
  if (level == SOL_SOCKET && name == SO_SNDTIMEO) return set_limit(socket.options.send_limit, value, length);
  int number = 0;
  if (length < sizeof number) return -EINVAL;
  std::memcpy(&number, value, sizeof number);
  if (level == SOL_SOCKET) {
    switch (name) {
      case SO_REUSEADDR:
        socket.options.reuse_address = number != 0;
        return 0;
      case SO_LINGER:
        if (length < sizeof(linger)) return -EINVAL;
        socket.options.lingering.l_onoff = number != 0 ? 1 : 0;
        if (number != 0)
          std::memcpy(&socket.options.lingering.l_linger, static_cast<const char*>(value) + sizeof number,
                      sizeof(int));
        return 0;
      case SO_TYPE:
      case SO_DOMAIN:
      case SO_PROTOCOL:
      case SO_ERROR:
      case SO_ACCEPTCONN:
        return -ENOPROTOOPT;
      default:
        break;
    }
  }
  if (level == IPPROTO_TCP && name == TCP_INFO) return -ENOPROTOOPT;
  if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
    if (socket.is_bound()) return -EINVAL;
    socket.options.only_v6 = number != 0;
    return 0;
  }
  if (level == IPPROTO_TCP && name == TCP_SYNCNT) {
    if (number < 1 || number > 127) return -EINVAL;
    socket.options.syn_retries = number;
    return 0;
  }
  if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT) {
    if (number < 0) return -EINVAL;
    socket.options.user_limit.reset();
    if (number > 0) socket.options.user_limit = std::chrono::milliseconds(number);
    return 0;
  }
  const KeptOption* option = kept(level, name);
  if (option == nullptr) refuse_option("setsockopt", level, name);
  return keep_option(socket, *option, number);
}

}  // namespace

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  if (!Descriptors::is_virtual(fd)) return real::getsockopt(fd, level, name, value, length);
  return on_socket("getsockopt", fd,
                   [&](TcpSocket& socket) { return get_option(socket, level, name, value, length); });
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  if (!Descriptors::is_virtual(fd)) return real::setsockopt(fd, level, name, value, length);
  return on_socket("setsockopt", fd,
                   [&](TcpSocket& socket) { return set_option(socket, level, name, value, length); });
}

int ioctl(int fd, unsigned long request, void* argument) {
  if (!Descriptors::is_virtual(fd)) return real::ioctl(fd, request, argument);
  int& number = *static_cast<int*>(argument);
  if (request == FIONBIO) {
    File* file = current_host()->descriptors().find(fd);
    if (file == nullptr) return result_of(-EBADF);
    file->nonblocking = number != 0;
    return 0;
  }
  const File* file = current_host()->descriptors().find(fd);
  if (file != nullptr && file->kind() == File::Kind::kEpoll) return result_of(-EINVAL);
  return on_socket("ioctl", fd, [&](TcpSocket& socket) {
    const bool listens = socket.state() == TcpState::kListen;
    switch (request) {
      case FIONREAD:  // SIOCINQ
        if (listens) return -EINVAL;
        number = static_cast<int>(socket.unread());
        return 0;
      case SIOCOUTQ:
        if (listens) return -EINVAL;
        number = 0;  // all that was sent has arrived
        return 0;
      case SIOCATMARK:
        number = 0;
        return 0;
      default:
        refuse(fmt::format("ioctl(request {:#x})", request), "is not modelled for a virtual descriptor");
    }
  });
}

}  // namespace selfconnect::vnet::calls
