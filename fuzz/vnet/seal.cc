// SPDX-License-Identifier: MIT
#include "fuzz/vnet/seal.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fuzz/vnet/host.h"
#include "fuzz/vnet/next.h"
#include "fuzz/vnet/real.h"
#include "fuzz/vnet/refuse.h"

namespace selfconnect::vnet {

namespace {

// What differs between architectures: the number in seccomp_data, and where a trapped call has its arguments and result.
#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
long argument(const ucontext_t& context, std::size_t index) {
  constexpr std::array kRegisters = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
  return static_cast<long>(context.uc_mcontext.gregs[kRegisters[index]]);
}
void set_result(ucontext_t& context, long result) { context.uc_mcontext.gregs[REG_RAX] = result; }
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
long argument(const ucontext_t& context, std::size_t index) {
  return static_cast<long>(context.uc_mcontext.regs[index]);
}
void set_result(ucontext_t& context, long result) {
  context.uc_mcontext.regs[0] = static_cast<unsigned long>(result);
}
#else
#error "which architecture is this for seccomp?"
#endif

constexpr int kSeccomp = 1;  // SYS_SECCOMP of <asm-generic/siginfo.h>, which is not for programs

// In the sixth argument of connect() and bind(), which have three: the handler below has looked at the address.
constexpr std::uint32_t kLookedAt = 0x5e1fc0de;

constexpr sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
constexpr sock_filter load_argument(std::size_t index, std::size_t byte = 0) {
  return load(offsetof(seccomp_data, args) + 8 * index + byte);
}
// Both are little-endian. The line `here` goes on at one of two lines further down.
constexpr sock_filter jump(std::uint16_t how, std::size_t here, std::size_t value, std::size_t then,
                           std::size_t otherwise) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | how | BPF_K), static_cast<std::uint32_t>(value),
                  static_cast<std::uint8_t>(then - here - 1),
                  static_cast<std::uint8_t>(otherwise - here - 1));
}
constexpr sock_filter is(std::size_t here, std::size_t value, std::size_t then, std::size_t otherwise) {
  return jump(BPF_JEQ, here, value, then, otherwise);
}

// A filter cannot see an address, so every connect() and bind() goes to the handler, which lets AF_UNIX ones go on.
constexpr std::size_t kTrap = 18, kAllow = 19;
std::array<sock_filter, 20> filter = {
    load(offsetof(seccomp_data, arch)),
    is(1, kArchitecture, 2, kTrap),
    load(offsetof(seccomp_data, nr)),
    jump(BPF_JGE, 3, 0x40000000, kTrap, 4),  // x32, on x86-64
    is(4, SYS_socket, 10, 5),
    is(5, SYS_connect, 12, 6),
    is(6, SYS_bind, 12, 7),
    is(7, SYS_sendto, 14, 8),
    is(8, SYS_io_uring_setup, kTrap, 9),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    load_argument(0),  // of socket(): the family
    is(11, AF_UNIX, kAllow, kTrap),
    load_argument(5),  // of connect() and bind()
    is(13, kLookedAt, kAllow, kTrap),
    load_argument(4),  // of sendto(): the address
    is(15, 0, 16, kTrap),
    load_argument(4, 4),
    is(17, 0, kAllow, kTrap),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

long system_call(long number, long a, long b, long c, long d = 0, long e = 0, long f = 0) {
  return next<long(long, ...)>(Name::syscall)(number, a, b, c, d, e, f);
}

// The same again, for an AF_UNIX address; sendto() has no argument to spare, and becomes sendmsg().
long go_on(long number, const ucontext_t& context) {
  const long fd = argument(context, 0), address = argument(context, 1), length = argument(context, 2);
  if (number != SYS_sendto) return system_call(number, fd, address, length, 0, 0, kLookedAt);
  iovec part{.iov_base = reinterpret_cast<void*>(address), .iov_len = static_cast<std::size_t>(length)};
  msghdr message{};
  message.msg_name = reinterpret_cast<void*>(argument(context, 4));
  message.msg_namelen = static_cast<socklen_t>(argument(context, 5));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return system_call(SYS_sendmsg, fd, reinterpret_cast<long>(&message), argument(context, 3));
}

bool is_unix(long address, long length) {
  sa_family_t family = AF_UNSPEC;
  if (static_cast<socklen_t>(length) < sizeof(family)) return false;
  std::memcpy(&family, reinterpret_cast<const void*>(address), sizeof(family));
  return family == AF_UNIX;
}

const char* name_of(long number) {
  if (number == SYS_socket) return "socket()";
  if (number == SYS_connect) return "connect()";
  if (number == SYS_bind) return "bind()";
  if (number == SYS_sendto) return "sendto()";
  if (number == SYS_io_uring_setup) return "io_uring_setup()";
  return "a system call of another architecture";
}

void say(const char* text) {
  static_cast<void>(
      !next<ssize_t(int, const void*, std::size_t)>(Name::write)(STDERR_FILENO, text, std::strlen(text)));
}

void trapped(int /*number*/, siginfo_t* info, void* raw_context) {
  const HostAside aside;
  ucontext_t& context = *static_cast<ucontext_t*>(raw_context);
  const long number = info->si_syscall;
  const bool native = info->si_code == kSeccomp && info->si_arch == kArchitecture;
  const bool to_address = native && (number == SYS_connect || number == SYS_bind || number == SYS_sendto);
  const std::size_t address = number == SYS_sendto ? 4 : 1;
  if (to_address && is_unix(argument(context, address), argument(context, address + 1))) {
    const int error_before = errno;
    const long result = go_on(number, context);
    set_result(context, result == -1 ? -errno : result);
    errno = error_before;
    return;
  }
  say("vnet: ");
  say(native ? name_of(number) : name_of(-1));
  say(": reached the kernel: once a client is put on vnet, its process has no network but the virtual one\n");
  std::abort();
}

}  // namespace

void seal() {
  struct sigaction action{};
  action.sa_sigaction = trapped;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  real::sigaction(SIGSYS, &action, nullptr);
  sock_fprog program{.len = filter.size(), .filter = filter.data()};
  // All threads, those of the engine too. Without the flag kernels before 5.16 slow every thread down against Spectre.
  constexpr long kFlags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  const bool sealed =
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      system_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, reinterpret_cast<long>(&program)) == 0;
  if (sealed) return;
  refuse("seccomp()",
         std::string("the process cannot be sealed off from the network: ") + std::strerror(errno));
}

}  // namespace selfconnect::vnet
