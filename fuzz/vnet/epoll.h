// epoll(7), as fs/eventpoll.c has it: members, and the list of those that may be ready, in the order in which they were woken.
//
//   add, modify: is ready -+                      +-> not ready: off the list
//   woken by its file -----+-> list -> wait() ----+-> ready: told, and off the list; again at its end when level-triggered,
//                                                     until the next wake when edge-triggered, until modify() when one-shot
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/epoll.h>

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "fuzz/vnet/file.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/real_epoll.h"

namespace selfconnect::vnet {

class Epoll final : public File {
 public:
  explicit Epoll(Host& host) : File(Kind::kEpoll), host_(host) {}
  ~Epoll() override;

  // As epoll_ctl(2) of a virtual member, which is known by its file and the descriptor it was added by: 0, or an errno below 0.
  int add(int fd, File& file, const epoll_event& event);
  int modify(int fd, File& file, const epoll_event& event);
  int remove(int fd, File& file);
  // The same of a real one.
  int control_real(int operation, int fd, epoll_event* event);

  // As epoll_wait(2), with room for one at least; without a limit: until there is an event, or -EDEADLK.
  int wait(epoll_event* events, int room, std::optional<Time> limit);

  [[nodiscard]] short ready() const override;
  void release() override;

 private:
  struct Member final : Watcher {
    Member(Epoll& of, File& file_, int fd_, const epoll_event& event_)
        : owner(of), file(file_), fd(fd_), event(event_) {}
    void woken(File& file, short events) override;
    void left(File& file) override;
    [[nodiscard]] std::uint32_t ready() const;

    Epoll& owner;
    File& file;
    const int fd;
    epoll_event event;
    bool is_listed = false;
  };

  [[nodiscard]] std::list<Member>::iterator find(int fd, const File& file);
  void drop(std::list<Member>::iterator member);
  void put_on_list(Member& member);
  void list_if_ready(Member& member);
  int take(epoll_event* events, int room);
  // Nobody tells when a real member becomes ready.
  void list_real_if_ready();
  [[nodiscard]] bool has_ready_real() const;
  // Of epolls in epolls.
  [[nodiscard]] bool leads_to(const Epoll& epoll) const;
  [[nodiscard]] int depth() const;
  [[nodiscard]] int height() const;

  Host& host_;
  std::list<Member> members_;
  std::vector<Epoll*> in_;  // that have this one as a member
  std::optional<RealEpoll> real_;
  // Null stands for all real members. A look drops what is not ready after all, as in the kernel.
  mutable std::vector<Member*> listed_;
  mutable bool real_is_listed_ = false;
};

}  // namespace selfconnect::vnet
