// A virtual host for the tests of its calls, and files on it that are what a test says.
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include <memory>
#include <utility>

#include "fuzz/vnet/host.h"
#include "fuzz/vnet/overseer.h"

namespace selfconnect::vnet {

class Onlooker : public Overseer {
 public:
  Attempt attempt(const Endpoint& /*to*/) override { return std::exchange(next, {}); }
  bool stands_still() override {
    ++standstills;
    return false;
  }
  Attempt next;
  int standstills = 0;
};

// Ready as it is told, as eventfd(2) is: writable, and readable once it is signalled.
class FakeFile final : public File {
 public:
  FakeFile() : File(Kind::kDatagram) {}
  [[nodiscard]] short ready() const override { return mask; }
  void release() override { is_released = true; }

  void signal() { turn(mask | POLLIN, POLLIN); }
  void drain() { turn(mask & ~POLLIN, POLLOUT); }
  void turn(int to, short woken_by) {
    mask = static_cast<short>(to);
    wake(woken_by);
  }

  short mask = POLLOUT;
  bool is_released = false;
};

// Changes a file at a time of the clock.
class Later final : public Timed {
 public:
  Later(Host& host, Time at, FakeFile& file, int mask, short woken_by)
      : host_(host), file_(file), mask_(mask), woken_by_(woken_by) {
    host_.timers().set(*this, at);
  }
  ~Later() override { host_.timers().cancel(*this); }
  void expire() override { file_.turn(mask_, woken_by_); }

 private:
  Host& host_;
  FakeFile& file_;
  int mask_;
  short woken_by_;
};

struct VirtualHost {
  // The file of a new descriptor.
  struct Opened {
    int fd;
    FakeFile& file;
  };
  Opened open() {
    auto file = std::make_shared<FakeFile>();
    FakeFile& seen = *file;
    return {.fd = host.descriptors().open(std::move(file), false), .file = seen};
  }
  int dup(int fd) { return host.descriptors().open(host.descriptors().share(fd), false); }
  void close(int fd) { host.descriptors().close(fd); }

  Onlooker overseer;
  Host host{overseer};
  HostScope scope{host};
};

}  // namespace selfconnect::vnet
