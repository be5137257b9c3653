// What a world's init notes of the changes that its own /proc can show, for a world that is to be used again: sysctls that
// the harness had written, which are set back, and those that somebody else wrote, which cannot be.
// Allocates nothing and throws nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

#include "harness/world/init.h"

namespace selfconnect {

class Account {
 public:
  // From now on. Watches the mounts (proc_pid_mountinfo(5)) and the directories of the network's sysctls (inotify(7)). Where
  // the network is left out sysctls are compared: the end of an inotify descriptor takes the kernel 10 ms.
  enum class Network { kNoted, kLeftOut };
  InitReply open(Network network);

  // Writes the sysctl of the network; what it was before is kept once it is noted. False with errno set.
  bool write_sysctl(const char* path, const char* value);

  // Sets back what write_sysctl changed, and the pid that the next process gets. By then no other process is there. An error,
  // ESTALE, where something else is not as it was at open().
  InitReply settle();

 private:
  static constexpr std::size_t kMostSysctls = 16;  // different ones, of one world
  struct Sysctl {
    std::array<char, 96> path{};
    std::array<char, 512> value{};  // to be set back to
    int file = -1;                  // kept open: to find it by its path takes longer than to write it
    int directory = -1;             // the number of its watch
    bool changed = false;
  };

  bool watch_network();
  bool watch(const char* directory);
  bool watch_below(int directory, const char* path);
  Sysctl* note(const char* path);
  Sysctl* add(const char* path);
  [[nodiscard]] bool is_changed(int directory, const char* name) const;
  void take_events();
  [[nodiscard]] bool lasting_changed() const;
  [[nodiscard]] bool mounts_changed() const;

  Network network_ = Network::kLeftOut;
  int events_ = -1;  // inotify
  int mounts_ = -1;
  std::array<Sysctl, kMostSysctls> sysctls_{};
  std::size_t count_ = 0;       // the first is the pid that the next process gets
  bool lost_count_ = false;     // of the sysctls, or one is too long
  bool somebody_else_ = false;  // wrote one
};

}  // namespace selfconnect
