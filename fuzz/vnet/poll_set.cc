// SPDX-License-Identifier: MIT
#include "fuzz/vnet/poll_set.h"

#include "fuzz/vnet/real.h"

namespace selfconnect::vnet {

namespace {

bool is_real(const pollfd& entry) { return entry.fd >= 0 && !Descriptors::is_virtual(entry.fd); }

}  // namespace

PollSet::PollSet(const Descriptors& descriptors, std::span<pollfd> all)
    : descriptors_(descriptors), all_(all) {
  for (const pollfd& entry : all_) {
    if (is_real(entry)) real_.push_back(entry);
  }
}

int PollSet::look() {
  int found = real_.empty() ? 0 : look_at_real();
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
  const int found = real::poll(real_.data(), real_.size(), 0);
  auto looked_at = real_.begin();
  for (pollfd& entry : all_) {
    if (!is_real(entry)) continue;
    entry.revents = found > 0 ? looked_at->revents : short{0};
    ++looked_at;
  }
  return found > 0 ? found : 0;
}

}  // namespace selfconnect::vnet
