// SPDX-License-Identifier: MIT
#include "harness/launch/output_buffer.h"

#include <algorithm>

namespace selfconnect {

void OutputBuffer::append(std::string_view bytes) {
  total_ += bytes.size();
  const std::size_t room = std::min(head_limit_ - head_.size(), bytes.size());
  head_.append(bytes.substr(0, room));
  bytes.remove_prefix(room);
  if (bytes.size() > tail_limit_) bytes.remove_prefix(bytes.size() - tail_limit_);
  recent_.append(bytes);
  if (recent_.size() > 2 * tail_limit_) recent_.erase(0, recent_.size() - tail_limit_);
}

std::string OutputBuffer::tail() const {
  return recent_.substr(recent_.size() - std::min(recent_.size(), tail_limit_));
}

}  // namespace selfconnect
