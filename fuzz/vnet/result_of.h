// From the model's way to say that a call failed, an errno below 0, to the C library's. Internal to this folder.
// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>

namespace selfconnect::vnet {

// -1 and errno for what is below 0.
template <class Result>
Result result_of(Result result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

}  // namespace selfconnect::vnet
