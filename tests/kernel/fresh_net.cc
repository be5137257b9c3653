// SPDX-License-Identifier: MIT
#include "fresh_net.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace selfconnect::testing {

namespace {

constexpr int kFailed = 1;
constexpr int kNoNamespace = 77;
constexpr int kSkipped = 78;

bool bring_lo_up() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  return ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

// ip(7), ip_local_port_range. Whether it could be set.
bool set_port_range(std::uint16_t first, std::uint16_t last) {
  const UniqueFd file(::open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
  const std::string range = fmt::format("{} {}", first, last);
  return write(file.get(), range.data(), range.size()) == static_cast<ssize_t>(range.size());
}

[[noreturn]] void run_child(const std::function<void()>& check) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !bring_lo_up()) _exit(kNoNamespace);
  // Without the ports that are dialled: else one attempt in 14,116 would connect to itself unasked.
  if (!set_port_range(32768, 49999)) _exit(kNoNamespace);
  check();
  std::fflush(nullptr);
  if (::testing::Test::HasFailure()) _exit(kFailed);
  _exit(::testing::Test::IsSkipped() ? kSkipped : 0);
}

}  // namespace

void in_fresh_net(const std::function<void()>& check) {
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0) << std::strerror(errno);
  if (child == 0) run_child(check);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == kNoNamespace) GTEST_SKIP() << "needs netns: unshare(CLONE_NEWUSER, CLONE_NEWNET) failed";
  if (code == kSkipped) GTEST_SKIP() << "in the namespace, as said above";
  EXPECT_EQ(code, 0) << "in the namespace; status " << status;
}

void force_source_port(std::uint16_t port) { ASSERT_TRUE(set_port_range(port, port)); }

UniqueFd dial(const Endpoint& destination) {
  sockaddr_storage storage;
  const socklen_t size = destination.to_sockaddr(storage);
  UniqueFd socket(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0) return socket;
  return {};
}

}  // namespace selfconnect::testing
