// A Boost.Process v2 launcher whose process wakes up in a world. The PID namespace is joined by children only
// (pid_namespaces(7)). As root it is set for the harness's children while one is made, and the process joins the others.
// Where there is a user namespace there are two steps: a first child joins all of them by setns(2) and makes the process
// with CLONE_PARENT, so that it is the harness's own child; then the first one ends. They share the harness's memory
// until the exec, as after vfork(2): to copy its page tables would cost more than all the rest.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/detail/throw_error.hpp>  // the launcher of Boost 1.81 forgets it
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/world/confinement.h"

namespace selfconnect {

// Where and how the process wakes up. Values and descriptors that the caller keeps until the launch is done.
struct Entrance {
  int init_pidfd =
      -1;  // of the world's init; -1: nothing is entered, and the fields up to `directory` do not matter
  int net_ns = -1;  // the network to be in; -1: the init's
  bool user_namespace = false;
  int root = -1;          // init's root directory, as O_PATH
  std::string directory;  // to be in; joining a mount namespace loses both
  std::vector<std::pair<int, rlim_t>> limits;
  int kept_descriptor = -1;  // of the harness, stays open in the process
  Confinement confinement;
};

class WorldLauncher : public boost::process::v2::posix::default_launcher {
 public:
  using path = boost::process::v2::filesystem::path;

  explicit WorldLauncher(Entrance entrance) : entrance_(std::move(entrance)) {}

  // Blocks until the process has called exec, or could not: then `ec` says why and nothing is left of it. The process is
  // `pid`, for the caller to watch and reap; what is returned refers to none. Where the world
  // has a user namespace, the harness's memory is not dumpable for that time (prctl(2), PR_SET_DUMPABLE).
  boost::process::v2::process operator()(boost::asio::any_io_executor executor,
                                         boost::process::v2::error_code& ec, const path& executable,
                                         const std::vector<std::string>& arguments,
                                         boost::process::v2::process_stdio stdio);

 private:
  Entrance entrance_;
};

}  // namespace selfconnect
