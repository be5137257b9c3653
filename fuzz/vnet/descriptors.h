// The virtual descriptors of a run. Their numbers are a window below FD_SETSIZE that is kept out of the kernel's hands
// (reserve), so a number is virtual or real, and never both.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "fuzz/vnet/file.h"

namespace selfconnect::vnet {

class Descriptors {
 public:
  static constexpr int kFirst = 768, kLast = 1023;

  // Takes the numbers of the window, once per process and for ever, with descriptors that can do nothing (O_PATH): what slips
  // past this library meets EBADF. Aborts where they are in use.
  static void reserve();

  [[nodiscard]] static bool is_virtual(int fd) { return fd >= kFirst && fd <= kLast; }

  // The lowest free number; -1 with EMFILE.
  int open(std::shared_ptr<File> file, bool close_on_exec, int lowest = kFirst);
  // Null where `fd` is not open.
  [[nodiscard]] File* find(int fd) const { return is_virtual(fd) ? slot(fd).file.get() : nullptr; }
  [[nodiscard]] std::shared_ptr<File> share(int fd) const { return is_virtual(fd) ? slot(fd).file : nullptr; }
  [[nodiscard]] bool close_on_exec(int fd) const { return slot(fd).close_on_exec; }
  void set_close_on_exec(int fd, bool on) { slot(fd).close_on_exec = on; }
  // False where it is not open. Releases the file with its last descriptor.
  bool close(int fd);
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] bool is_full() const { return count_ == kLast - kFirst + 1; }
  // Without releasing: the run is over.
  void clear();

 private:
  struct Slot {
    std::shared_ptr<File> file;
    bool close_on_exec = false;
  };
  [[nodiscard]] const Slot& slot(int fd) const { return slots_[static_cast<std::size_t>(fd - kFirst)]; }
  [[nodiscard]] Slot& slot(int fd) { return slots_[static_cast<std::size_t>(fd - kFirst)]; }

  std::array<Slot, kLast - kFirst + 1> slots_;
  int count_ = 0;
};

}  // namespace selfconnect::vnet
