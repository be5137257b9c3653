// How results of calls are written down.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace selfconnect::conformance {

// From errno, at once after the call: "7", "-1 EAGAIN", "waits".
[[nodiscard]] std::string result_text(long result);
// "in+out+hup" of a mask of poll(2) or epoll(7); "-" of none.
[[nodiscard]] std::string events_text(unsigned events);
// The same of the whole mask, in which "in" and "rdnorm", "out" and "wrnorm" are one: what is not so is shown.
[[nodiscard]] std::string readiness_text(unsigned events);
// "a3b1" of "aaab".
[[nodiscard]] std::string bytes_text(std::string_view bytes);

}  // namespace selfconnect::conformance
