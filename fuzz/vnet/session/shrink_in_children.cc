// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/shrink_in_children.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/vnet/fuzz_target.h"
#include "fuzz/vnet/session/decode.h"
#include "fuzz/vnet/session/entry.h"
#include "harness/schedule/shrink.h"

namespace selfconnect::vnet {

namespace {

// How a life ended: "" for no finding, else the rule, or the kind of a sanitizer's report, and how the process ended.
std::string ending_of(const Schedule& schedule) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    play_input(print(schedule), "");
    _exit(0);
  }
  close(ends[1]);
  std::string told;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    told.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status == 0) return "";
  const std::size_t at = std::min({told.find("\nerror "), told.find("\nwarning "), told.find("ERROR: ")});
  const std::string line = at == std::string::npos ? "" : told.substr(at, told.find('\n', at + 1) - at);
  return line.substr(0, line.find(" on ")) + " " + std::to_string(status);
}

}  // namespace

bool shrink_in_children(std::string_view input) {
  const Schedule schedule = decode(input, fuzz_target().most_attempts).schedule;
  const std::string ending = ending_of(schedule);
  if (ending.empty()) {
    std::fprintf(stderr, "no finding: %s\n", print(schedule).c_str());
    return false;
  }
  const Shrunk shrunk =
      shrink_schedule(schedule, [&](const Schedule& shorter) { return ending_of(shorter) == ending; });
  std::printf("%s\n", print(shrunk.schedule).c_str());
  return true;
}

}  // namespace selfconnect::vnet
