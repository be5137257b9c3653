// SPDX-License-Identifier: MIT
#include "harness/check/held_sockets.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>

namespace selfconnect {

OpenSockets open_sockets(pid_t thread) {
  OpenSockets open;
  const auto close_directory = [](DIR* directory) { closedir(directory); };
  const std::unique_ptr<DIR, decltype(close_directory)> directory(
      opendir(fmt::format("/proc/{}/fd", thread).c_str()), close_directory);
  if (!directory) return open;
  while (const dirent* entry = readdir(directory.get())) {
    struct stat status{};
    if (entry->d_name[0] == '.' || fstatat(dirfd(directory.get()), entry->d_name, &status, 0) != 0) continue;
    if (++open.descriptors == kMostDescriptorsSeen) break;
    if (S_ISSOCK(status.st_mode)) open.inodes.emplace(status.st_ino, std::atoi(entry->d_name));
  }
  return open;
}

ino_t inode_of(int socket) {
  struct stat status{};
  return fstat(socket, &status) == 0 ? status.st_ino : 0;
}

std::vector<int> OpenSockets::descriptors_of(const std::set<ino_t>& wanted) const {
  std::vector<int> found;
  for (const auto& [inode, descriptor] : inodes) {
    if (wanted.contains(inode)) found.push_back(descriptor);
  }
  return found;
}

}  // namespace selfconnect
