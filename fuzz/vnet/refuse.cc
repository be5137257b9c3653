// SPDX-License-Identifier: MIT
#include "fuzz/vnet/refuse.h"

#include <cstdio>
#include <cstdlib>

namespace selfconnect::vnet {

void refuse(std::string_view call, std::string_view why) {
  std::fprintf(stderr, "vnet: %.*s: %.*s\n", static_cast<int>(call.size()), call.data(),
               static_cast<int>(why.size()), why.data());
  std::abort();
}

}  // namespace selfconnect::vnet
