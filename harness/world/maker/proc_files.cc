// SPDX-License-Identifier: MIT
#include "harness/world/maker/proc_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <array>

namespace selfconnect {

namespace {

struct SysctlPath {
  explicit SysctlPath(const char* path) { snprintf(whole.data(), whole.size(), "/proc/sys/%s", path); }
  std::array<char, 160> whole{};
};

}  // namespace

void close_quietly(int fd) {
  const int saved = errno;
  close(fd);
  errno = saved;
}

InitReply failed(const char* step) {
  InitReply reply{.error = errno};
  snprintf(reply.step.data(), reply.step.size(), "%s", step);
  return reply;
}

bool write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const size_t length = strlen(text);
  const bool written = write(fd, text, length) == static_cast<ssize_t>(length);
  close_quietly(fd);
  return written;
}

bool write_sysctl(const char* path, const char* value) {
  return write_file(SysctlPath(path).whole.data(), value);
}

bool read_sysctl(const char* path, std::span<char> value) {
  const int fd = open(SysctlPath(path).whole.data(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t size = read(fd, value.data(), value.size());
  close_quietly(fd);
  if (size < 0) return false;
  if (size == static_cast<ssize_t>(value.size())) {
    errno = EFBIG;
    return false;
  }
  value[static_cast<size_t>(size)] = '\0';
  return true;
}

}  // namespace selfconnect
