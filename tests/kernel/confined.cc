// SPDX-License-Identifier: MIT
#include "confined.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace selfconnect::testing {

ConfinedChild::ConfinedChild(const Confinement& confinement, const std::function<void()>& body) {
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  if (!install_filter(confinement)) std::abort();
  body();
  std::fflush(nullptr);
  _exit(::testing::Test::HasFailure() ? 1 : 0);
}

ConfinedChild::~ConfinedChild() {
  if (pid_ <= 0) return;
  kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

void ConfinedChild::kill() { ::kill(pid_, SIGKILL); }

int ConfinedChild::finish() {
  int status = -1;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return status;
}

void in_confined_child(const Confinement& confinement, const std::function<void()>& body) {
  EXPECT_EQ(ConfinedChild(confinement, body).finish(), 0) << "in the confined child";
}

}  // namespace selfconnect::testing
