// SPDX-License-Identifier: MIT
#include "kernel_side.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "client.h"
#include "harness/world/rtnetlink.h"
#include "quick_ack.h"

namespace selfconnect::conformance {

int KernelStack::fcntl(int fd, int command, long argument) { return ::fcntl(fd, command, argument); }

int KernelStack::ioctl(int fd, unsigned long request, void* argument) {
  return ::ioctl(fd, request, argument);
}

namespace {

// Below the ephemeral range, so that nobody gets one of them by chance. Each sequence has kForcedPorts for the forced range, which
// begins at P0, and two more.
constexpr int kLowest = 2'000, kHighest = 32'000, kForcedPorts = 64, kPortsOfSequence = kForcedPorts + 4;
constexpr int kEphemeralLow = 32'768, kEphemeralHigh = 60'999;

// A call without a time limit that has not come back after so long waits for ever: there is one thread. The signal comes again,
// should it have come before the call.
constexpr suseconds_t kPatienceUs = 10'000, kAgainUs = 5'000;
// Where a limit of 2 ms may be at work, which the kernel rounds to its ticks, and a busy machine to much more.
constexpr suseconds_t kPatienceWithLimitUs = 60'000;

bool has_limit(const Call& call) {
  switch (call.kind) {
    case Kind::kConnect:  // a SYN may be sent again after two ticks
      return true;
    case Kind::kPoll:
    case Kind::kSelect:
      return call.value(3) != kNoLimit;
    case Kind::kEpollWait:
      return call.value(2) != kNoLimit;
    default:
      return false;
  }
}

bool sets_limit(const Call& call) {
  return call.kind == Kind::kSetsockopt && (call.value(1) == option(SOL_SOCKET, SO_RCVTIMEO) ||
                                            call.value(1) == option(SOL_SOCKET, SO_SNDTIMEO));
}

class Watchdog final : public CallGuard {
 public:
  void begin(const Call& call) override {
    limits_ = limits_ || sets_limit(call);
    const suseconds_t patience = limits_ || has_limit(call) ? kPatienceWithLimitUs : kPatienceUs;
    const itimerval alarm{.it_interval = {0, kAgainUs}, .it_value = {0, patience}};
    setitimer(ITIMER_REAL, &alarm, nullptr);
  }
  void end() override {
    constexpr itimerval kNever{};
    setitimer(ITIMER_REAL, &kNever, nullptr);
  }

 private:
  bool limits_ = false;  // some socket may have one
};

// As a world has it (World::create): every IPv4 address is local, and of IPv6 those that were added.
Result<void> bring_lo_up() {
  const UniqueFd routes(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (auto up = rtnetlink::set_link_up(routes.get(), rtnetlink::kLoopbackIndex); !up) return up;
  if (auto routed = rtnetlink::add_any_local_route(routes.get(), Family::kIpv4); !routed) return routed;
  if (auto routed = rtnetlink::add_any_local_route(routes.get(), Family::kIpv6); !routed) return routed;
  const Address second = *Address::parse(kSecondIpv6);
  if (auto added = rtnetlink::add_address(routes.get(), rtnetlink::kLoopbackIndex, second, 128); !added)
    return added;
  for (const auto& [address, prefix] : {std::pair{Address::v4({127, 0, 0, 0}), 8U},
                                        {Address::loopback(Family::kIpv4), 32U},
                                        {Address::loopback(Family::kIpv6), 128U},
                                        {second, 128U}}) {
    if (auto quick = acknowledge_at_once(routes.get(), address, prefix); !quick) return quick;
  }
  return {};
}

void write_sysctl(const UniqueFd& file, const std::string& value) {
  if (pwrite(file.get(), value.data(), value.size(), 0) == static_cast<ssize_t>(value.size())) return;
  std::perror("write a sysctl of ports");
  std::abort();
}

}  // namespace

Result<KernelSide> KernelSide::create() {
  handle_signals();
  KernelSide side;
  if (auto entered = side.enter_new_network(); !entered) return std::unexpected(entered.error());
  return side;
}

Result<void> KernelSide::enter_new_network() {
  // Within a user namespace that it made the process may make further networks.
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
    return std::unexpected(errno_error("unshare(CLONE_NEWNET)"));
  if (auto up = bring_lo_up(); !up) return up;
  range_ = UniqueFd(open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
  reserved_ = UniqueFd(open("/proc/sys/net/ipv4/ip_local_reserved_ports", O_WRONLY | O_CLOEXEC));
  if (!range_ || !reserved_) return std::unexpected(errno_error("open(ip_local_port_range)"));
  forced_ = false;
  first_port_ = kLowest;
  return {};
}

void KernelSide::set_ports(bool forced) {
  if (!forced && !forced_) return;
  forced_ = forced;
  // The first port of the range is the only one of its parity that is not reserved: connect() takes it before the others.
  std::string reserved = "\n";
  if (forced) {
    reserved.clear();
    for (int port = first_port_ + 2; port < first_port_ + kForcedPorts; port += 2)
      reserved += fmt::format("{},", port);
    reserved.back() = '\n';
  }
  write_sysctl(reserved_, reserved);
  const int low = forced ? first_port_ : kEphemeralLow;
  write_sysctl(range_, fmt::format("{} {}\n", low, forced ? low + kForcedPorts - 1 : kEphemeralHigh));
}

void KernelSide::run(bool forced, const Body& body) {
  if (first_port_ + kPortsOfSequence > kHighest) {
    if (auto entered = enter_new_network(); !entered) {
      std::fprintf(stderr, "%s\n", entered.error().message.c_str());
      std::abort();
    }
  }
  set_ports(forced);
  const auto port = [&](int offset) { return static_cast<std::uint16_t>(first_port_ + offset); };
  KernelStack stack;
  Watchdog watchdog;
  body(stack, {port(0), port(kForcedPorts), port(kForcedPorts + 2)}, watchdog);
  first_port_ = port(kPortsOfSequence);
}

}  // namespace selfconnect::conformance
