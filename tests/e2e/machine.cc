// SPDX-License-Identifier: MIT
#include "machine.h"

#include <sched.h>
#include <unistd.h>

#include <cstring>

#include "child.h"
#include "harness/launch/process.h"
#include "harness/ports/hook_engine.h"
#include "harness/world/world.h"

namespace selfconnect::testing {

std::string why_no_world() {
  const auto world = World::create();
  return world ? "" : world.error().message;
}

std::string why_no_hook() {
  const auto world = World::create();
  if (!world) return world.error().message;
  const auto engine = make_hook_engine(*world);
  return engine ? "" : engine.error().message;
}

std::string why_no_user_namespace() {
  Child child({.command = {"true"}, .prepare = [] {
                 if (unshare(CLONE_NEWUSER) == 0) return;
                 (void)!write(STDERR_FILENO, std::strerror(errno), std::strlen(std::strerror(errno)));
                 _exit(kPrepareFailed);
               }});
  return child.wait(std::chrono::seconds(10)) == 0 ? "" : "unshare(CLONE_NEWUSER): " + child.err();
}

std::string why_no_command(const std::string& command) {
  const auto found = find_command(command);
  return found ? "" : found.error().message;
}

}  // namespace selfconnect::testing
