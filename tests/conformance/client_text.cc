// SPDX-License-Identifier: MIT
#include "client_text.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace selfconnect::conformance {

std::string result_text(long result) {
  if (result >= 0) return std::to_string(result);
  // The kernel's call was interrupted by the watchdog, the virtual one stood still.
  if (errno == EINTR || errno == EDEADLK) return "waits";
  const char* name = strerrorname_np(errno);
  return fmt::format("{} {}", result, name == nullptr ? std::to_string(errno) : name);
}

std::string events_text(unsigned events) {
  static constexpr std::pair<unsigned, std::string_view> kNames[] = {
      {POLLIN, "in"},         {POLLPRI, "pri"},       {POLLOUT, "out"},      {POLLERR, "err"},
      {POLLHUP, "hup"},       {POLLNVAL, "nval"},     {POLLRDHUP, "rdhup"},  {POLLRDNORM, "rdnorm"},
      {POLLRDBAND, "rdband"}, {POLLWRNORM, "wrnorm"}, {POLLWRBAND, "wrband"}};
  std::string text;
  for (const auto& [event, name] : kNames) {
    if ((events & event) == 0) continue;
    if (!text.empty()) text += '+';
    text += name;
    events &= ~event;
  }
  if (events != 0) text += fmt::format("+{:#x}", events);
  return text.empty() ? "-" : text;
}

std::string readiness_text(unsigned events) {
  for (const auto& [one, twin] : {std::pair<unsigned, unsigned>{POLLIN, POLLRDNORM}, {POLLOUT, POLLWRNORM}}) {
    if ((events & one) != 0) events ^= twin;
  }
  return events_text(events);
}

std::string bytes_text(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    std::size_t run = bytes.find_first_not_of(bytes.front());
    if (run == std::string_view::npos) run = bytes.size();
    text += fmt::format("{}{}", bytes.front(), run);
    bytes.remove_prefix(run);
  }
  return text;
}

}  // namespace selfconnect::conformance
