// The thread that answers the notifications of the filter (seccomp_unotify(2)): it gives the socket of a stopped connect()
// a port, by bind(), and lets the call go on. Used by the engine `notify`.
//
//   target                      kernel                   supervisor
//   connect(5, 127.0.0.1:P) --> stopped, waits --------> reads the address, takes socket 5, asks ChoosePort, binds it
//                               goes on with it <------- SECCOMP_USER_NOTIF_FLAG_CONTINUE
//
// The bind is to the address that the socket has, the wildcard as a rule, so that connect() chooses the source address as
// it always does. Only a TCP socket that is neither connected nor bound is touched, and only while the notification is
// valid; what else is called goes on untouched. When this thread ends, in whatever way, the kernel answers what waits with
// ENOSYS.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/dial.h"
#include "harness/ports/made_sockets.h"
#include "harness/ports/notify_call.h"
#include "harness/ports/notify_record.h"
#include "harness/ports/notify_target.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// All but stop() and the destructor for any thread.
class NotifySupervisor {
 public:
  // How far the target may dial.
  enum class Reach {
    kAnywhere,  // it is in a network of its own
    // It is in the machine's: TCP to other addresses is answered with ENETUNREACH. Nor can packets be captured there, so
    // the supervisor calls connect() itself and notes its outcome.
    kLoopbackOnly,
  };
  static Result<std::unique_ptr<NotifySupervisor>> start(SocketAccess access, Reach reach);
  // Stops.
  ~NotifySupervisor();
  NotifySupervisor(const NotifySupervisor&) = delete;
  NotifySupervisor& operator=(const NotifySupervisor&) = delete;

  // The Unix socket that takes listeners, for Confinement::listener_to. Any number of launches, kMostListeners alive at a
  // time.
  [[nodiscard]] int listener_to() const { return far_end_.get(); }

  // From the next stopped call on. Until the first time every choice is the kernel's.
  void choose_by(ChoosePort choose);

  // From the next stopped connect() on it is taken whole by `take`; ports at bind() are chosen as before, and sockets are bound
  // beside those that are there (bind_beside). An empty one: no more. Waits for the attempt that is being taken, so that
  // the one before may be destroyed then.
  void dial_by(TakeDial take);

  // What happened since the last time (NotifyRecord::take).
  [[nodiscard]] std::vector<NotifyEvent> take_events() { return record_.take(); }
  // Events that were dropped, and where sockets are made (SocketAccess::kMake) also attempts on one that was refused before:
  // the socket is the target's own then. Since the start or forget_attempts().
  [[nodiscard]] std::uint64_t missed_attempts() { return record_.missed(); }

  // Whether any socket has been given a port, or found to have one, since the start or forget_attempts().
  [[nodiscard]] bool was_asked() const { return record_.has_noted(); }

  // Neither events nor numbers of attempts of what was before.
  void forget_attempts() { record_.forget(); }

  static constexpr std::size_t kMostListeners = 64;
  static constexpr unsigned kMostBusy = 1'024;        // ports tried for one attempt
  static constexpr std::size_t kMostRefused = 4'096;  // sockets that are remembered

 private:
  NotifySupervisor(SocketAccess access, Reach reach) : access_(access), reach_(reach) {}

  struct Answer {
    enum class How { kGoOn, kValue, kError, kDone };  // kDone: the kernel has the answer already
    How how = How::kGoOn;
    std::int64_t value = 0;  // of the call, or an errno
    std::optional<NotifyEvent> event;
  };

  void run();
  enum class Message { kListener, kEnd };
  Message take_listener();
  void serve(int listener);
  Answer answer(int listener, const seccomp_notif& stopped);
  Answer answer_dial(int listener, const seccomp_notif& stopped, const NotifyCall& call,
                     const sockaddr_storage& address);
  Answer answer_bind(int listener, const seccomp_notif& stopped, const NotifyCall& call);
  Answer answer_socket(int listener, const seccomp_notif& stopped, const NotifyCall& call);
  UniqueFd socket_of(pid_t thread, int fd);
  void count_missed(pid_t thread, int fd);
  std::uint16_t bind_to_choice(int socket, sockaddr_storage& address, socklen_t length, Dial& dial);
  std::shared_ptr<const TakeDial> taker();

  const SocketAccess access_;
  const Reach reach_;
  UniqueFd near_end_, far_end_;      // the listeners' way here; its end is the thread's
  std::vector<UniqueFd> listeners_;  // the thread's, as are the next two
  DescriptorTaker taker_;
  MadeSockets made_;
  std::set<ino_t> refused_;  // the thread's: sockets made here, whose refusal the target knows of
  NotifyRecord record_;
  std::mutex taking_;  // held while an attempt is taken whole
  std::mutex mutex_;   // of the next two
  std::shared_ptr<const ChoosePort> choose_;
  std::shared_ptr<const TakeDial> take_;
  std::thread thread_;
};

}  // namespace selfconnect
