// What happens in a child between fork and exec, so that it wakes up in a world: a Boost.Process v2
// initialiser. The child joins the namespaces by setns(2). The PID namespace is joined by children only
// (pid_namespaces(7)), so it clones once more, with CLONE_PARENT: the new process is the harness's own child,
// and the first one ends.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>

#include <boost/asio/detail/throw_error.hpp>  // the launcher of Boost 1.81 forgets it
#include <boost/process/v2/posix/default_launcher.hpp>
#include <string>
#include <utility>
#include <vector>

namespace selfconnect {

struct EnterWorld {
  int init_pidfd = -1;  // of the world's init
  int net_ns = -1;      // the network to be in
  bool user_namespace = false;
  int report = -1;        // a pipe's end: gets the pid_t of the new process, as the host sees it
  int root = -1;          // init's root directory, as O_PATH
  std::string directory;  // to be in; joining a mount namespace loses both
  std::vector<std::pair<int, rlim_t>> limits;

  using error_code = boost::process::v2::error_code;
  using path = boost::process::v2::filesystem::path;
  error_code on_exec_setup(boost::process::v2::posix::default_launcher& launcher, const path& executable,
                           const char* const*(&arguments)) const;
  void on_exec_error(boost::process::v2::posix::default_launcher& launcher, const path& executable,
                     const char* const*(&arguments), const error_code& error) const;
};

}  // namespace selfconnect
