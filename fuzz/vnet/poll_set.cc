// SPDX-License-Identifier: MIT
#include "fuzz/vnet/poll_set.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "fuzz/vnet/real.h"

namespace selfconnect::vnet {

namespace {

bool is_real(const pollfd& entry) { return entry.fd >= 0 && !Descriptors::is_virtual(entry.fd); }

}  // namespace

PollSet::PollSet(const Descriptors& descriptors, std::span<pollfd> all)
    : descriptors_(descriptors),
      all_(all),
      real_(static_cast<std::size_t>(std::ranges::count_if(all, is_real))) {}

bool PollSet::has_closed() {
  if (real_ != 0) look_at_real();
  return std::ranges::any_of(all_, [this](const pollfd& entry) {
    if (is_real(entry)) return (entry.revents & POLLNVAL) != 0;
    return entry.fd >= 0 && descriptors_.find(entry.fd) == nullptr;
  });
}

int PollSet::look() {
  int found = real_ == 0 ? 0 : look_at_real();
  for (pollfd& entry : all_) {
    if (is_real(entry)) continue;
    entry.revents = 0;
    if (entry.fd < 0) continue;
    const File* file = descriptors_.find(entry.fd);
    entry.revents =
        file == nullptr ? POLLNVAL : static_cast<short>(file->ready() & (entry.events | POLLERR | POLLHUP));
    if (entry.revents != 0) ++found;
  }
  return found;
}

int PollSet::look_at_real() {
  // Not kept: a wait may end the run, and never come back here.
  std::vector<pollfd> asked;
  asked.reserve(real_);
  std::ranges::copy_if(all_, std::back_inserter(asked), is_real);
  const int found = std::max(real::poll(asked.data(), asked.size(), 0), 0);
  auto looked_at = asked.begin();
  for (pollfd& entry : all_) {
    if (is_real(entry)) entry.revents = found == 0 ? short{0} : (looked_at++)->revents;
  }
  return found;
}

}  // namespace selfconnect::vnet
