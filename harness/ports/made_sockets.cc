// SPDX-License-Identifier: MIT
#include "harness/ports/made_sockets.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "harness/ports/notify_target.h"

namespace selfconnect {

namespace {

std::set<ino_t> open_sockets(pid_t thread) {
  std::set<ino_t> found;
  std::error_code ec;
  for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", thread), ec), end;
       !ec && entry != end; entry.increment(ec)) {
    const std::string name = entry->path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (const auto inode = socket_inode(thread, fd)) found.insert(*inode);
  }
  return found;
}

}  // namespace

void MadeSockets::keep(Kept kept) {
  struct stat status{};
  if (fstat(kept.socket.get(), &status) != 0) return;
  kept.inode = status.st_ino;
  if (kept_.size() >= kMost) forget_closed([](const Kept&) { return true; });
  if (kept_.size() >= kMost) kept_.pop_front();
  kept_.push_back(std::move(kept));
}

void MadeSockets::keep(pid_t thread, UniqueFd socket) {
  keep(Kept{.thread = thread, .socket = std::move(socket)});
}

void MadeSockets::keep_bound(pid_t thread, UniqueFd socket) {
  keep(Kept{.thread = thread, .socket = std::move(socket), .bound = true});
}

void MadeSockets::let_go_of_closed() {
  forget_closed([](const Kept& kept) { return kept.bound; });
}

UniqueFd MadeSockets::give_back(ino_t inode) {
  const auto found = std::ranges::find(kept_, inode, &Kept::inode);
  if (found == kept_.end()) return {};
  UniqueFd socket = std::move(found->socket);
  kept_.erase(found);
  return socket;
}

void MadeSockets::forget_closed(bool (*of)(const Kept&)) {
  std::map<pid_t, std::set<ino_t>> open;
  std::erase_if(kept_, [&](const Kept& kept) {
    if (!of(kept)) return false;
    if (!open.contains(kept.thread)) open[kept.thread] = open_sockets(kept.thread);
    return !open[kept.thread].contains(kept.inode);
  });
}

}  // namespace selfconnect
