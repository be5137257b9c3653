// SPDX-License-Identifier: MIT
#include "harness/report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

// A line as wide as the terminal would wrap, and \r would no longer lead to its start.
std::size_t room(int fd) {
  winsize size{};
  const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col - 1U : 79U;
}

}  // namespace

std::string progress_line(const ProgressState& state) {
  // Whole seconds in tenths: a figure that keeps its place while it counts down.
  const double left = std::max(0.0, std::chrono::duration<double>(state.left).count());
  return fmt::format("phase {} of {}, {}: {}, {}, at most {:.1f} s left", state.number, state.phases,
                     phase_name(state.phase), quantity(state.attempts, "attempt"),
                     quantity(state.self_connects, "self-connect"), left);
}

Progress::Progress(int fd) : fd_(isatty(fd) != 0 ? fd : -1) {}

void Progress::show(std::string line) {
  if (fd_ < 0) return;
  line.resize(std::min(line.size(), room(fd_)));
  const std::size_t stale = shown_ > line.size() ? shown_ - line.size() : 0;
  shown_ = line.size();
  write_text(fmt::format("\r{}{:{}}{:\b<{}}", line, "", stale, "", stale));
}

void Progress::erase() {
  if (fd_ < 0 || shown_ == 0) return;
  write_text(fmt::format("\r{:{}}\r", "", shown_));
  shown_ = 0;
}

void Progress::write_text(const std::string& text) const {
  // A terminal that takes nothing more has nobody before it: the line is worth no error.
  if (::write(fd_, text.data(), text.size()) < 0) return;
}

}  // namespace selfconnect
