// SPDX-License-Identifier: MIT
#include "fuzz/vnet/epoll.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace selfconnect::vnet {

namespace {

constexpr std::uint32_t kNotAsked = EPOLLERR | EPOLLHUP;  // told all the same
constexpr std::uint32_t kBehaviour = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
constexpr int kMostNests = 4;  // EP_MAX_NESTS

std::uint32_t epoll_mask(short events) { return static_cast<unsigned short>(events); }

}  // namespace

std::uint32_t Epoll::Member::ready() const { return epoll_mask(file.ready()) & event.events; }

void Epoll::Member::woken(File& /*file*/, short events) {
  if ((event.events & ~kBehaviour) == 0) return;  // one-shot, and over
  if (events != 0 && (epoll_mask(events) & event.events) == 0) return;
  owner.put_on_list(*this);
  owner.wake(POLLIN);
}

void Epoll::Member::left(File& /*file*/) {
  owner.drop(std::ranges::find_if(owner.members_, [this](const Member& member) { return &member == this; }));
}

Epoll::~Epoll() {
  leave_watchers();  // while this is still an epoll
  release();
}

void Epoll::release() {
  while (!members_.empty()) drop(members_.begin());
  real_.reset();
  real_is_listed_ = false;
  listed_.clear();
}

std::list<Epoll::Member>::iterator Epoll::find(int fd, const File& file) {
  return std::ranges::find_if(members_,
                              [&](const Member& member) { return member.fd == fd && &member.file == &file; });
}

int Epoll::add(int fd, File& file, const epoll_event& event) {
  auto* nested = file.kind() == Kind::kEpoll ? static_cast<Epoll*>(&file) : nullptr;
  if (nested != nullptr) {
    if (nested->leads_to(*this) || nested->depth() + 1 + height() > kMostNests) return -ELOOP;
  }
  if (find(fd, file) != members_.end()) return -EEXIST;
  Member& member = members_.emplace_back(*this, file, fd, event);
  member.event.events |= kNotAsked;
  file.watch(member);
  if (nested != nullptr) nested->in_.push_back(this);
  list_if_ready(member);
  return 0;
}

int Epoll::modify(int fd, File& file, const epoll_event& event) {
  const auto member = find(fd, file);
  if (member == members_.end()) return -ENOENT;
  member->event = event;
  member->event.events |= kNotAsked;
  list_if_ready(*member);
  return 0;
}

int Epoll::remove(int fd, File& file) {
  const auto member = find(fd, file);
  if (member == members_.end()) return -ENOENT;
  drop(member);
  return 0;
}

int Epoll::control_real(int operation, int fd, epoll_event* event) {
  if (!real_) real_.emplace();
  return real_->control(operation, fd, event);
}

void Epoll::drop(std::list<Member>::iterator member) {
  member->file.unwatch(*member);
  if (member->file.kind() == Kind::kEpoll) {
    auto& in = static_cast<Epoll&>(member->file).in_;
    in.erase(std::ranges::find(in, this));
  }
  std::erase(listed_, &*member);
  members_.erase(member);
}

void Epoll::put_on_list(Member& member) {
  if (std::exchange(member.is_listed, true)) return;
  listed_.push_back(&member);
}

void Epoll::list_if_ready(Member& member) {
  if (member.is_listed || member.ready() == 0) return;
  put_on_list(member);
  wake(POLLIN);
}

void Epoll::list_real_if_ready() {
  for (Member& member : members_) {
    if (member.file.kind() == Kind::kEpoll) static_cast<Epoll&>(member.file).list_real_if_ready();
  }
  if (!real_ || real_is_listed_ || !real_->is_ready()) return;
  real_is_listed_ = true;
  listed_.push_back(nullptr);
  wake(POLLIN);
}

int Epoll::take(epoll_event* events, int room) {
  list_real_if_ready();
  int taken = 0;
  std::size_t next = 0;
  // What comes on the list again stands behind those that there was no room for.
  for (const std::size_t end = listed_.size(); next < end && taken < room; ++next) {
    Member* member = listed_[next];
    if (member == nullptr) {
      const int count = real_->take(events + taken, room - taken);
      taken += count;
      real_is_listed_ = count != 0;
      if (real_is_listed_) listed_.push_back(nullptr);
      continue;
    }
    member->is_listed = false;
    const std::uint32_t ready = member->ready();
    if (ready == 0) continue;
    events[taken++] = {.events = ready, .data = member->event.data};
    if ((member->event.events & EPOLLONESHOT) != 0) {
      member->event.events &= kBehaviour;
    } else if ((member->event.events & EPOLLET) == 0) {
      put_on_list(*member);
    }
  }
  listed_.erase(listed_.begin(), listed_.begin() + static_cast<std::ptrdiff_t>(next));
  return taken;
}

int Epoll::wait(epoll_event* events, int room, std::optional<Time> limit) {
  int taken = 0;
  const auto waited = host_.wait([&] { return (taken = take(events, room)) != 0; }, limit);
  return waited == Host::Waited::kStandstill ? -EDEADLK : taken;
}

short Epoll::ready() const {
  const auto first = std::ranges::find_if(listed_, [this](Member* member) {
    const bool is_ready = member != nullptr ? member->ready() != 0 : real_->is_ready();
    if (!is_ready) (member != nullptr ? member->is_listed : real_is_listed_) = false;
    return is_ready;
  });
  listed_.erase(listed_.begin(), first);
  return !listed_.empty() || has_ready_real() ? POLLIN | POLLRDNORM : 0;
}

bool Epoll::has_ready_real() const {
  if (real_ && real_->is_ready()) return true;
  return std::ranges::any_of(members_, [](const Member& member) {
    return member.file.kind() == Kind::kEpoll && (member.event.events & EPOLLIN) != 0 &&
           static_cast<const Epoll&>(member.file).has_ready_real();
  });
}

bool Epoll::leads_to(const Epoll& epoll) const {
  return this == &epoll || std::ranges::any_of(members_, [&](const Member& member) {
           return member.file.kind() == Kind::kEpoll &&
                  static_cast<const Epoll&>(member.file).leads_to(epoll);
         });
}

int Epoll::depth() const {
  int depth = 0;
  for (const Member& member : members_) {
    if (member.file.kind() == Kind::kEpoll) {
      depth = std::max(depth, 1 + static_cast<const Epoll&>(member.file).depth());
    }
  }
  return depth;
}

int Epoll::height() const {
  int height = 0;
  for (const Epoll* epoll : in_) height = std::max(height, 1 + epoll->height());
  return height;
}

}  // namespace selfconnect::vnet
