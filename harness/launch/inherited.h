// What a process may have inherited that launching cannot live with: standard descriptors that are closed, so that a
// pipe or a socket becomes descriptor 1 and is overwritten in the child; SIGCHLD ignored, so that children are reaped by
// the kernel and their exit status is lost (waitpid(2)).
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <optional>

namespace selfconnect {

// Opens /dev/null for those of descriptors 0 to 2 that are closed, and gives SIGCHLD its default again. Before the first
// descriptor is opened and the first child is made.
void mend_inherited();

// Raises the soft limit of open descriptors (RLIMIT_NOFILE) to the hard one, at most kMostOpenFiles: under a schedule a connection is
// held for each attempt. What is launched gets the limit that was inherited. Once, while there is one thread.
void raise_open_files();
inline constexpr rlim_t kMostOpenFiles = 65'536;

// The limit as it was; nothing where it has not been raised.
[[nodiscard]] const std::optional<rlimit>& inherited_open_files();

// While it lives the limit is as it was inherited, for a child to be started so.
class OpenFilesAsInherited {
 public:
  OpenFilesAsInherited();
  ~OpenFilesAsInherited();
  OpenFilesAsInherited(const OpenFilesAsInherited&) = delete;
  OpenFilesAsInherited& operator=(const OpenFilesAsInherited&) = delete;

 private:
  rlimit raised_{};
};

}  // namespace selfconnect
