// From the model's way to say that a call failed, an errno below 0, to the C library's.
// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>

namespace selfconnect::vnet {

template <class Number>
Number c_result(Number result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

}  // namespace selfconnect::vnet
