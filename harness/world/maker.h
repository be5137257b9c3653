// What is said between World and the process that makes worlds' inits (maker/main.cc): small, static, with one thread
// (user_namespaces(7) and pid_namespaces(7) want that) and none of the harness's memory, of which a world's init would
// else be a copy: costly, and readable by the target. It ends when its control socket is closed.
//
//   harness --- control socket (SOCK_SEQPACKET) --- maker
//     request: one MakeRequest, with the world's ends of its init's two sockets (init.h)
//     reply:   one MakeReply, with a pidfd of the init, which is the harness's own child (CLONE_PARENT)
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <utility>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

inline constexpr int kMakerControl = 3;  // the maker's descriptor of its socket

struct MakeRequest {
  bool user_namespace = false;
  uid_t uid = 0;  // of the harness, kept by the target
  gid_t gid = 0;
};

struct MakeReply {
  std::int32_t error = 0;  // errno of clone3, 0: done
  pid_t pid = -1;
};

// The world's ends of the sockets between harness and init.
struct InitSockets {
  int control = -1;
  int descriptors = -1;
};

// A running maker, as the harness holds it. Movable; for one thread at a time. Destruction ends and reaps it.
class Maker {
 public:
  // Errors: no process, no memory file (memfd_create(2)) or no exec of it (sysctl vm.memfd_noexec) here.
  static Result<Maker> start();
  Maker(Maker&& other) noexcept;
  Maker& operator=(Maker&& other) noexcept;
  ~Maker();

  // A new init in new namespaces, which the caller reaps. Errors: no namespaces allowed here, or the maker has ended.
  struct Init {
    pid_t pid = -1;
    UniqueFd pidfd;
  };
  [[nodiscard]] Result<Init> make(const MakeRequest& request, InitSockets sockets) const;

 private:
  Maker(UniqueFd control, pid_t pid) : control_(std::move(control)), pid_(pid) {}
  void end();

  UniqueFd control_;
  pid_t pid_ = -1;
};

}  // namespace selfconnect
