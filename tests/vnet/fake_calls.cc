// SPDX-License-Identifier: MIT
#include "tests/vnet/fake_calls.h"

#include <tuple>
#include <utility>

#include "fuzz/vnet/calls.h"

namespace selfconnect::vnet {

namespace {

std::string last;

}  // namespace

std::string take_fake_call() { return std::exchange(last, {}); }

namespace calls {

#define VNET_CALL(result, name, parameters, arguments) \
  result name parameters {                             \
    last = #name;                                      \
    if (false) static_cast<void>(std::tie arguments);  \
    return static_cast<result>(kFakeResult);           \
  }
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

int fcntl(int /*fd*/, int /*command*/, long /*argument*/) {
  last = "fcntl";
  return kFakeResult;
}

int ioctl(int /*fd*/, unsigned long /*request*/, void* /*argument*/) {
  last = "ioctl";
  return kFakeResult;
}

}  // namespace calls

}  // namespace selfconnect::vnet
