// Errors as values: what failed, with which errno, on which path. Used by every layer; decides nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace selfconnect {

// A lowercase fragment that reads after "failed to ...", with the errno that caused it (0: none).
struct Error {
  int code = 0;
  std::string message;

  // Puts what was being done in front: "bring lo up: sendto(netlink): Operation not permitted".
  [[nodiscard]] Error during(std::string_view what) const;

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

// From errno, at once after the failed call: `return std::unexpected(errno_error("bind(127.0.0.1:80)"))`.
[[nodiscard]] Error errno_error(std::string_view call);
[[nodiscard]] Error errno_error(std::string_view call, int code);

// An error of ours that has no errno.
[[nodiscard]] Error error(std::string message);

}  // namespace selfconnect
