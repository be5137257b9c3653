// The calls that wait for descriptors.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>

#include "client.h"
#include "client_text.h"

namespace selfconnect::conformance {

std::string Client::poll(const Call& call) {
  const auto events = static_cast<short>(call.value(2));
  std::array<pollfd, 2> asked = {{{fd(call, 0), events, 0}, {fd(call, 1), events, 0}}};
  const int result = stack_.poll(asked.data(), asked.size(), static_cast<int>(call.value(3)));
  std::string text = result_text(result);
  if (result <= 0) return text;
  return fmt::format("{} {} {}", text, events_text(static_cast<unsigned short>(asked[0].revents)),
                     events_text(static_cast<unsigned short>(asked[1].revents)));
}

std::string Client::select(const Call& call) {
  std::array<fd_set, 3> sets;
  int count = 0;
  for (fd_set& set : sets) FD_ZERO(&set);
  for (const std::size_t operand : {0U, 1U}) {
    const int member = fd(call, operand);
    if (member < 0 || member >= FD_SETSIZE) continue;
    for (fd_set& set : sets) FD_SET(member, &set);
    count = std::max(count, member + 1);
  }
  const std::int64_t wanted = call.value(2), limit_ms = call.value(3);
  const auto set = [&](int number) {
    return (wanted >> number & 1) != 0 ? &sets[static_cast<std::size_t>(number)] : nullptr;
  };
  timeval limit{.tv_sec = 0, .tv_usec = limit_ms * 1000};
  const int result = stack_.select(count, set(0), set(1), set(2), limit_ms == kNoLimit ? nullptr : &limit);
  std::string text = result_text(result);
  if (result <= 0) return text;
  for (const std::size_t operand : {0U, 1U}) {
    const int member = fd(call, operand);
    text += ' ';
    for (const int number : {0, 1, 2}) {
      if (member >= 0 && set(number) != nullptr && FD_ISSET(member, set(number))) text += "rwe"[number];
    }
  }
  return text;
}

std::string Client::epoll_create(const Call& call) {
  const int made = stack_.epoll_create1(EPOLL_CLOEXEC);
  put(call, 0, made);
  return result_text(std::min(made, 0));
}

std::string Client::epoll_ctl(const Call& call) {
  epoll_event event{};
  event.events = static_cast<std::uint32_t>(call.value(3));
  event.data.u64 = static_cast<std::uint64_t>(call.value(2));
  return result_text(stack_.epoll_ctl(fd(call), static_cast<int>(call.value(1)), fd(call, 2), &event));
}

std::string Client::epoll_wait(const Call& call) {
  std::array<epoll_event, 8> events{};
  const int result = stack_.epoll_wait(fd(call), events.data(), static_cast<int>(call.value(1)),
                                       static_cast<int>(call.value(2)));
  std::string text = result_text(result);
  for (int index = 0; index < result; ++index) {
    const epoll_event event = events[static_cast<std::size_t>(index)];
    text += fmt::format(" s{}:{}", static_cast<std::uint64_t>(event.data.u64), events_text(event.events));
  }
  return text;
}

}  // namespace selfconnect::conformance
