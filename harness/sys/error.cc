// SPDX-License-Identifier: MIT
#include "harness/sys/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace selfconnect {

Error Error::during(std::string_view what) const { return {code, fmt::format("{}: {}", what, message)}; }

Error errno_error(std::string_view call) { return errno_error(call, errno); }

Error errno_error(std::string_view call, int code) {
  return {code, fmt::format("{}: {}", call, std::generic_category().message(code))};
}

Error error(std::string message) { return {0, std::move(message)}; }

}  // namespace selfconnect
