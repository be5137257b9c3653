// SPDX-License-Identifier: MIT
#include "harness/ports/notify_call.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace {

using Kind = NotifyCall::Kind;
using Layout = NotifyCall::Layout;
using Rule = std::vector<scmp_arg_cmp>;

struct Number {
  std::uint32_t architecture;
  int number;
  Kind kind;
  Layout layout;
};

#if defined(__x86_64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kNative = AUDIT_ARCH_AARCH64;
#else
#error "name this architecture's AUDIT_ARCH_ value"
#endif

constexpr auto kNumbers = std::to_array<Number>({
    {kNative, SYS_connect, Kind::kConnect, Layout::kNative},
    {kNative, SYS_bind, Kind::kBind, Layout::kNative},
    {kNative, SYS_listen, Kind::kListen, Layout::kNative},
    {kNative, SYS_socket, Kind::kSocket, Layout::kNative},
    {kNative, SYS_sendto, Kind::kSendTo, Layout::kNative},
    {kNative, SYS_sendmsg, Kind::kSendMessage, Layout::kNative},
#if defined(__x86_64__)
    // x32: asm/unistd_x32.h; 32-bit: asm/unistd_32.h.
    {kNative, __X32_SYSCALL_BIT | SYS_connect, Kind::kConnect, Layout::k32Bit},
    {kNative, __X32_SYSCALL_BIT | SYS_bind, Kind::kBind, Layout::k32Bit},
    {kNative, __X32_SYSCALL_BIT | SYS_listen, Kind::kListen, Layout::k32Bit},
    {kNative, __X32_SYSCALL_BIT | SYS_socket, Kind::kSocket, Layout::k32Bit},
    {kNative, __X32_SYSCALL_BIT | SYS_sendto, Kind::kSendTo, Layout::k32Bit},
    {kNative, __X32_SYSCALL_BIT | 518, Kind::kSendMessage, Layout::k32Bit},
    {AUDIT_ARCH_I386, 362, Kind::kConnect, Layout::k32Bit},
    {AUDIT_ARCH_I386, 361, Kind::kBind, Layout::k32Bit},
    {AUDIT_ARCH_I386, 363, Kind::kListen, Layout::k32Bit},
    {AUDIT_ARCH_I386, 359, Kind::kSocket, Layout::k32Bit},
    {AUDIT_ARCH_I386, 369, Kind::kSendTo, Layout::k32Bit},
    {AUDIT_ARCH_I386, 370, Kind::kSendMessage, Layout::k32Bit},
    {AUDIT_ARCH_I386, 102, Kind::kSocketCall, Layout::k32Bit},
#endif
});

// 0, or a negative errno, as libseccomp has it.
int add_rules(scmp_filter_ctx filter, SocketAccess access) {
  const auto stop = [&](int number, const Rule& rule) {
    return seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, number, static_cast<unsigned>(rule.size()),
                                  rule.data());
  };
  const auto fast_open = [](unsigned argument) {
    return Rule{{argument, SCMP_CMP_MASKED_EQ, MSG_FASTOPEN, MSG_FASTOPEN}};
  };
  const auto stream_of = [](std::uint64_t domain) {
    constexpr std::uint64_t kTypeMask = 0xf;  // below SOCK_NONBLOCK and SOCK_CLOEXEC
    return Rule{{0, SCMP_CMP_EQ, domain, 0}, {1, SCMP_CMP_MASKED_EQ, kTypeMask, SOCK_STREAM}};
  };
  // The numbers of the other architectures are libseccomp's business.
  std::vector<std::pair<int, Rule>> stopped{{SCMP_SYS(connect), {}},
                                            {SCMP_SYS(bind), {}},
                                            {SCMP_SYS(sendto), fast_open(3)},
                                            {SCMP_SYS(sendmsg), fast_open(2)}};
  if (access == SocketAccess::kMake) {
    stopped.emplace_back(SCMP_SYS(socket), stream_of(AF_INET));
    stopped.emplace_back(SCMP_SYS(socket), stream_of(AF_INET6));
    stopped.emplace_back(SCMP_SYS(listen), Rule{});
    // Its arguments are in memory, where no filter sees them.
    if (seccomp_arch_exist(filter, SCMP_ARCH_X86) == 0) {
      for (const std::uint64_t call : {SYS_SOCKET, SYS_LISTEN})
        stopped.emplace_back(SCMP_SYS(socketcall), Rule{{0, SCMP_CMP_EQ, call, 0}});
    }
  }
  for (const auto& [number, rule] : stopped) {
    if (const int failed = stop(number, rule); failed != 0) return failed;
  }
  return 0;
}

int add_architectures(scmp_filter_ctx filter) {
  if (seccomp_arch_native() != SCMP_ARCH_X86_64) return 0;
  for (const std::uint32_t architecture : {SCMP_ARCH_X86, SCMP_ARCH_X32}) {
    if (const int failed = seccomp_arch_add(filter, architecture); failed != 0) return failed;
  }
  return 0;
}

// By a file in memory, for libseccomp 2.5 cannot write into a buffer.
Result<std::vector<sock_filter>> program_of(scmp_filter_ctx filter) {
  const UniqueFd file(memfd_create("seccomp-filter", MFD_CLOEXEC));
  if (!file) return std::unexpected(errno_error("memfd_create"));
  if (const int failed = seccomp_export_bpf(filter, file.get()); failed != 0) {
    return std::unexpected(errno_error("seccomp_export_bpf", -failed));
  }
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return std::unexpected(errno_error("fstat"));
  std::vector<sock_filter> program(static_cast<std::size_t>(status.st_size) / sizeof(sock_filter));
  const std::size_t size = program.size() * sizeof(sock_filter);
  if (pread(file.get(), program.data(), size, 0) != static_cast<ssize_t>(size)) {
    return std::unexpected(errno_error("read the seccomp filter"));
  }
  return program;
}

}  // namespace

Result<std::vector<sock_filter>> notify_filter(SocketAccess access) {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                 seccomp_release);
  if (!filter) return std::unexpected(error("seccomp_init: no memory"));
  int failed = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  if (failed == 0) failed = add_architectures(filter.get());
  if (failed == 0) failed = add_rules(filter.get(), access);
  if (failed != 0) return std::unexpected(errno_error("make the seccomp filter", -failed));
  return program_of(filter.get());
}

NotifyCall notify_call(const seccomp_data& data) {
  NotifyCall call;
  std::ranges::copy(data.args, call.arguments.begin());
  for (const Number& known : kNumbers) {
    if (known.architecture != data.arch || known.number != data.nr) continue;
    call.kind = known.kind;
    call.layout = known.layout;
    break;
  }
  return call;
}

NotifyCall inner_call(const NotifyCall& socket_call, const std::array<std::uint32_t, 6>& words) {
  NotifyCall call{.layout = socket_call.layout};
  std::ranges::copy(words, call.arguments.begin());
  switch (socket_call.arguments[0]) {
    case SYS_SOCKET:
      call.kind = Kind::kSocket;
      break;
    case SYS_BIND:
      call.kind = Kind::kBind;
      break;
    case SYS_LISTEN:
      call.kind = Kind::kListen;
      break;
    case SYS_CONNECT:
      call.kind = Kind::kConnect;
      break;
    case SYS_SENDTO:
      call.kind = Kind::kSendTo;
      break;
    case SYS_SENDMSG:
      call.kind = Kind::kSendMessage;
      break;
    default:
      break;
  }
  return call;
}

}  // namespace selfconnect
