// SPDX-License-Identifier: MIT
#include "harness/sys/kernel_release.h"

#include <sys/utsname.h>

namespace selfconnect {

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "unknown";
}

}  // namespace selfconnect
