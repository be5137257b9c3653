// SPDX-License-Identifier: MIT
#include "harness/launch/inherited.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace selfconnect {

void mend_inherited() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free one, which is this one. Not close-on-exec: it is as inherited as the others.
    (void)!open("/dev/null", O_RDWR);
  }
  signal(SIGCHLD, SIG_DFL);
}

namespace {

std::optional<rlimit> inherited;

}  // namespace

void raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kMostOpenFiles);
  if (limit.rlim_cur >= wanted) return;
  const rlimit raised{.rlim_cur = wanted, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) inherited = limit;
}

const std::optional<rlimit>& inherited_open_files() { return inherited; }

OpenFilesAsInherited::OpenFilesAsInherited() {
  if (inherited && getrlimit(RLIMIT_NOFILE, &raised_) == 0) setrlimit(RLIMIT_NOFILE, &*inherited);
}

OpenFilesAsInherited::~OpenFilesAsInherited() {
  if (inherited) setrlimit(RLIMIT_NOFILE, &raised_);
}

}  // namespace selfconnect
