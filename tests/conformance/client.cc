// SPDX-License-Identifier: MIT
#include "client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "client_text.h"

namespace selfconnect::conformance {

namespace {

volatile std::sig_atomic_t broken_pipes = 0;

}  // namespace

void handle_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { broken_pipes = broken_pipes + 1; };
  sigaction(SIGPIPE, &action, nullptr);
  action.sa_handler = [](int) {};  // without SA_RESTART
  sigaction(SIGALRM, &action, nullptr);
}

Trace Client::play(std::span<const Call> calls) {
  Trace trace;
  for (const Call& call : calls) {
    std::string line = perform(call);
    if (const std::string readiness = new_readiness(); !readiness.empty()) line += " | " + readiness;
    trace.push_back(std::move(line));
  }
  trace.push_back(end());
  return trace;
}

std::string Client::perform(const Call& call) {
  using Performer = std::string (Client::*)(const Call&);
  static constexpr Performer kPerformers[kKinds] = {
      &Client::socket,     &Client::bind,       &Client::connect,      &Client::listen,
      &Client::accept,     &Client::send,       &Client::recv,         &Client::shutdown,
      &Client::close,      &Client::dup,        &Client::getsockname,  &Client::getpeername,
      &Client::getsockopt, &Client::setsockopt, &Client::fcntl,        &Client::ioctl,
      &Client::poll,       &Client::select,     &Client::epoll_create, &Client::epoll_ctl,
      &Client::epoll_wait};
  broken_pipes = 0;
  guard_.begin(call);
  std::string text;
  try {
    text = (this->*kPerformers[static_cast<std::size_t>(call.kind)])(call);
  } catch (const WaitsTooLong&) {
    text = "waits";
  }
  guard_.end();
  if (broken_pipes != 0) text += " SIGPIPE";
  return text;
}

std::string Client::new_readiness() {
  std::array<pollfd, kSlots> asked{};
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    asked[slot] = {
        .fd = slots_[slot],
        .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND,
        .revents = 0};
  }
  if (stack_.poll(asked.data(), asked.size(), 0) < 0) return result_text(-1);
  std::string text;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const auto& [descriptor, events, found] = asked[slot];
    if (descriptor < 0 || (told_fds_[slot] == descriptor && told_[slot] == found)) continue;
    if (!text.empty()) text += ' ';
    text += fmt::format("s{}:{}", slot, readiness_text(static_cast<unsigned short>(found)));
    told_[slot] = found;
  }
  told_fds_ = slots_;
  return text;
}

std::string Client::end() {
  close_all();
  std::string text;
  for (std::size_t port = 0; port < kPorts; ++port) {
    text += fmt::format("{}P{}:{}", port == 0 ? "" : " ", port, may_bind(ports_[port]));
  }
  return text;
}

std::string Client::may_bind(std::uint16_t port) {
  const int family = flavour_ == Flavour::kIpv4 ? AF_INET : AF_INET6;
  std::string text = "busy";
  for (const int reuse : {1, 0}) {
    const int probe = stack_.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stack_.setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    Address any = address(-1, to::kAny | to::kNoPort);
    reinterpret_cast<sockaddr_in&>(any.storage).sin_port = htons(port);  // sin6_port is at the same place
    if (stack_.bind(probe, reinterpret_cast<const sockaddr*>(&any.storage), any.length) == 0) {
      text = reuse == 1 ? "reuse" : "free";
    }
    stack_.close(probe);
  }
  return text;
}

void Client::close_all() {
  for (const int each : open_) stack_.close(each);
  open_.clear();
  slots_.fill(-1);
}

void Client::put(const Call& call, std::size_t operand, int fd) {
  if (fd < 0) return;
  open_.push_back(fd);
  const auto slot = static_cast<std::size_t>(call.value(operand));
  slots_[slot] = fd;
  told_fds_[slot] = -1;
}

std::uint16_t Client::local_port(int fd) {
  Address local{.length = sizeof(sockaddr_storage)};
  if (stack_.getsockname(fd, reinterpret_cast<sockaddr*>(&local.storage), &local.length) != 0) return 0;
  return ntohs(reinterpret_cast<const sockaddr_in&>(local.storage).sin_port);
}

Client::Address Client::address(int fd, std::int64_t where) {
  const std::int64_t kind = where & ~to::kPortMask, number = where & to::kPortMask;
  int family = flavour_ == Flavour::kIpv4 ? AF_INET : AF_INET6;
  socklen_t size = sizeof(family);
  if (fd >= 0) (void)stack_.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  if (kind == to::kWrongFamily) family = family == AF_INET ? AF_INET6 : AF_INET;
  std::uint16_t port = 0;
  if (kind == to::kSlotsPort) {
    port = local_port(slots_[static_cast<std::size_t>(number)]);
  } else if (number != to::kNoPort) {
    port = ports_[static_cast<std::size_t>(number)];
  }
  Address address;
  const char* text = nullptr;
  if (family == AF_INET) {
    text = kind == to::kAny || kind == to::kUnspecAny ? "0.0.0.0"
           : kind == to::kSecond                      ? "127.0.0.2"
                                                      : "127.0.0.1";
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    inet_pton(AF_INET, text, &v4.sin_addr);
    address.length = sizeof(v4);
  } else {
    const bool mapped = flavour_ == Flavour::kMapped;
    text = kind == to::kAny      ? "::"
           : kind == to::kSecond ? (mapped ? "::ffff:127.0.0.2" : kSecondIpv6)
                                 : (mapped ? "::ffff:127.0.0.1" : "::1");
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    inet_pton(AF_INET6, text, &v6.sin6_addr);
    address.length = sizeof(v6);
  }
  if (kind == to::kUnspec || kind == to::kUnspecAny) address.storage.ss_family = AF_UNSPEC;
  if (kind == to::kShort) address.length = 8;
  return address;
}

std::string Client::port_name(std::uint16_t port) {
  if (port == 0) return "0";
  if (const auto fixed = std::ranges::find(ports_, port); fixed != ports_.end())
    return fmt::format("P{}", fixed - ports_.begin());
  auto chosen = std::ranges::find(chosen_ports_, port);
  if (chosen == chosen_ports_.end()) chosen = chosen_ports_.insert(chosen, port);
  return fmt::format("e{}", chosen - chosen_ports_.begin());
}

std::string Client::name(const sockaddr_storage& storage, socklen_t length) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (length == 0) return "nobody";
  if (storage.ss_family == AF_INET && length == sizeof(sockaddr_in)) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), port_name(ntohs(v4.sin_port)));
  }
  if (storage.ss_family == AF_INET6 && length == sizeof(sockaddr_in6)) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    const std::string more = v6.sin6_flowinfo == 0 && v6.sin6_scope_id == 0 ? "" : " (flow or scope)";
    return fmt::format("[{}]:{}{}", text.data(), port_name(ntohs(v6.sin6_port)), more);
  }
  // Too little room was given: what has been written into it, but not the port, which is not the same everywhere.
  const bool is_written = storage.ss_family == AF_INET || storage.ss_family == AF_INET6;
  const auto& unwritten = reinterpret_cast<const std::array<unsigned char, 8>&>(storage)[6];
  return fmt::format("{} of {} bytes{}", is_written ? "a part" : "nothing", length,
                     unwritten == '?' ? "" : ", and more");
}

}  // namespace selfconnect::conformance
