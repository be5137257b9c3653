// SPDX-License-Identifier: MIT
#include "bench/bare_supervisor.h"

#include <arpa/inet.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>

#include "harness/ports/notify_call.h"
#include "harness/sys/descriptor_message.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect::bench {

namespace {

constexpr std::uint16_t kFirst = 10'000, kLast = 60'000;

class Binding {
 public:
  // False where any step failed.
  bool bind_socket(int listener, const seccomp_notif& stopped) {
    const auto pid = static_cast<pid_t>(stopped.pid);
    if (!pidfd_) pidfd_.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    sockaddr_in address{};
    iovec here{&address, sizeof address};
    iovec there{reinterpret_cast<void*>(stopped.data.args[1]), sizeof address};
    const bool read = process_vm_readv(pid, &here, 1, &there, 1, 0) == sizeof address;
    const UniqueFd socket(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd_.get(), stopped.data.args[0], 0)));
    std::uint64_t id = stopped.id;
    const bool stands = ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
    port_ = port_ == kLast ? kFirst : port_ + 1;
    address.sin_port = htons(port_);
    return read && stands &&
           bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

 private:
  UniqueFd pidfd_;
  std::uint16_t port_ = kFirst;
};

}  // namespace

Result<std::unique_ptr<BareSupervisor>> BareSupervisor::start(Does does) {
  auto filter = notify_filter(SocketAccess::kTake);
  if (!filter) return std::unexpected(filter.error());
  auto pair = socket_pair();
  if (!pair) return std::unexpected(pair.error());
  std::unique_ptr<BareSupervisor> supervisor(new BareSupervisor);
  supervisor->filter_ = std::move(*filter);
  supervisor->near_ = std::move(pair->near);
  supervisor->far_ = std::move(pair->far);
  supervisor->thread_ = std::thread([&supervisor = *supervisor, does] { supervisor.run(does); });
  return supervisor;
}

BareSupervisor::~BareSupervisor() {
  if (!thread_.joinable()) return;
  shutdown(far_.get(), SHUT_WR);
  thread_.join();
}

Confinement BareSupervisor::confinement() const { return {.filter = filter_, .listener_to = far_.get()}; }

void BareSupervisor::run(Does does) {
  char byte = 0;
  const Received received = receive_message(near_.get(), byte);
  if (received.count != 1) return;
  const UniqueFd listener(received.descriptors.front());
  (void)ioctl(listener.get(), kSetNotifyFlags, kSyncWakeUp);
  Binding binding;
  while (true) {
    std::array<pollfd, 2> waits{{{.fd = near_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = listener.get(), .events = POLLIN, .revents = 0}}};
    if (poll(waits.data(), waits.size(), -1) < 0 || waits[0].revents != 0) return;
    seccomp_notif stopped{};
    if ((waits[1].revents & POLLIN) == 0) return;  // the client has ended
    if (ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &stopped) != 0) continue;
    if (does == Does::kBind && !binding.bind_socket(listener.get(), stopped)) failed_ = true;
    seccomp_notif_resp response{};
    response.id = stopped.id;
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    (void)ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
}

}  // namespace selfconnect::bench
