// Reading and writing small files of /proc, and what failed. Allocates nothing and throws nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "harness/world/init.h"

namespace selfconnect {

// errno, and the step for the message.
InitReply failed(const char* step);

// False with errno set. A sysctl's path is below /proc/sys; its value is read as text with NUL at its end, EFBIG where it
// does not fit.
bool write_file(const char* path, const char* text);
bool write_sysctl(const char* path, const char* value);
bool read_sysctl(const char* path, std::span<char> value);

void close_quietly(int fd);  // errno stays

}  // namespace selfconnect
