// SPDX-License-Identifier: MIT
#include "fuzz/vnet/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fuzz/vnet/real.h"

namespace selfconnect::vnet {

void Descriptors::reserve() {
  static bool reserved = false;
  if (std::exchange(reserved, true)) return;
  const int inert = ::open("/", O_PATH | O_CLOEXEC);
  for (int fd = kFirst; fd <= kLast; ++fd) {
    const int got = real::fcntl(inert, F_DUPFD_CLOEXEC, fd);
    if (got == fd) continue;
    std::fprintf(
        stderr,
        "vnet: descriptors %d to %d are wanted for virtual sockets, and %d cannot be had: raise ulimit -n\n",
        kFirst, kLast, fd);
    std::abort();
  }
  real::close(inert);
}

int Descriptors::open(std::shared_ptr<File> file, bool close_on_exec, int lowest) {
  for (int fd = lowest < kFirst ? kFirst : lowest; fd <= kLast; ++fd) {
    Slot& free = slot(fd);
    if (free.file) continue;
    ++file->descriptors;
    free = {.file = std::move(file), .close_on_exec = close_on_exec};
    ++count_;
    return fd;
  }
  errno = EMFILE;
  return -1;
}

bool Descriptors::close(int fd) {
  if (find(fd) == nullptr) return false;
  const std::shared_ptr<File> file = std::exchange(slot(fd).file, nullptr);
  --count_;
  if (--file->descriptors == 0) {
    file->leave_watchers();
    file->release();
  }
  return true;
}

void Descriptors::clear() {
  for (Slot& each : slots_) each.file.reset();
  count_ = 0;
}

}  // namespace selfconnect::vnet
