// SPDX-License-Identifier: MIT
#include "harness/world/maker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "harness/sys/descriptor_message.h"
#include "harness/sys/socket_pair.h"

// The program, as the build has made it (CMakeLists.txt).
asm(".section .rodata\n"
    ".balign 16\n"
    "selfconnect_world_maker_begin:\n"
    ".incbin \"" SELFCONNECT_WORLD_MAKER
    "\"\n"
    "selfconnect_world_maker_end:\n"
    ".previous\n");
extern "C" const char selfconnect_world_maker_begin[];
extern "C" const char selfconnect_world_maker_end[];

namespace selfconnect {

namespace {

// The program as a file that no file system needs to have.
Result<UniqueFd> program_file() {
  constexpr unsigned kMayBeExecuted = 0x10;  // MFD_EXEC of Linux 6.3
  UniqueFd file(memfd_create("selfconnect-worlds", MFD_CLOEXEC | kMayBeExecuted));
  if (!file && errno == EINVAL) file.reset(memfd_create("selfconnect-worlds", MFD_CLOEXEC));
  if (!file) return std::unexpected(errno_error("memfd_create"));
  for (std::span<const char> left{selfconnect_world_maker_begin, selfconnect_world_maker_end};
       !left.empty();) {
    const ssize_t written = write(file.get(), left.data(), left.size());
    if (written < 0) return std::unexpected(errno_error("write the world maker"));
    left = left.subspan(static_cast<std::size_t>(written));
  }
  return file;
}

// Its end of the socket becomes its descriptor 3; what else it has of the harness are credentials, root and limits.
[[noreturn]] void become_the_maker(int file, int control) {
  const int program = fcntl(file, F_DUPFD_CLOEXEC, kMakerControl + 1);
  dup2(control, kMakerControl);
  char name[] = "selfconnect-worlds";
  char* arguments[] = {name, nullptr};
  char* environment[] = {nullptr};  // passwords in the harness's are none of its business
  syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
  _exit(127);
}

}  // namespace

Result<Maker> Maker::start() {
  auto file = program_file();
  if (!file) return std::unexpected(file.error());
  auto pair = socket_pair();
  if (!pair) return std::unexpected(pair.error());
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) become_the_maker(file->get(), pair->far.get());
  return Maker(std::move(pair->near), pid);
}

Maker::Maker(Maker&& other) noexcept = default;

Maker& Maker::operator=(Maker&& other) noexcept {
  end();
  control_ = std::move(other.control_);
  pid_ = other.pid_;
  return *this;
}

Maker::~Maker() { end(); }

void Maker::end() {
  if (!control_) return;
  control_.reset();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Result<Maker::Init> Maker::make(const MakeRequest& request, InitSockets sockets) const {
  if (!send_message(control_.get(), request, std::array{sockets.control, sockets.descriptors})) {
    return std::unexpected(errno_error("send to the world maker"));
  }
  MakeReply reply;
  const Received received = receive_message(control_.get(), reply);
  UniqueFd pidfd(received.count > 0 ? received.descriptors[0] : -1);
  if (received.size != sizeof(reply)) return std::unexpected(error("the world maker ended"));
  if (reply.error != 0) return std::unexpected(errno_error("clone3", reply.error));
  return Init{reply.pid, std::move(pidfd)};
}

}  // namespace selfconnect
