// SPDX-License-Identifier: MIT
#include "harness/schedule/script_steps.h"

#include <algorithm>

#include "harness/sys/random_source.h"

namespace selfconnect {

void ScriptSteps::received(std::uint64_t bytes) {
  unread_ += bytes;
  if (next_ != steps_.size() || repeat_ == Repeat::kOnce) return;
  next_ = 0;
  const bool reads = std::ranges::find(steps_, Step::What::kRead, &Step::what) != steps_.end();
  if (!reads) unread_ = 0;
}

const Step* ScriptSteps::next() {
  while (true) {
    if (next_ == steps_.size() && repeat_ == Repeat::kOverAndOver && unread_ > 0) next_ = 0;
    if (next_ == steps_.size()) return nullptr;
    const Step& step = steps_[next_];
    if (step.what != Step::What::kRead) {
      ++next_;
      return &step;
    }
    if (unread_ < step.amount) return nullptr;
    unread_ -= step.amount;
    ++next_;
  }
}

std::string garbage_bytes(std::uint32_t amount) {
  constexpr std::uint64_t kSeed = 0x9a4bafe;  // any
  RandomSource random(kSeed);
  std::string bytes(amount, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.below(256));
  return bytes;
}

}  // namespace selfconnect
