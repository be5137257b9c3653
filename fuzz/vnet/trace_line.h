// A line of the trace for a call of the client: the time when it returns, its name, those arguments that are numbers, names or
// addresses, and what became of it.
//
//   0.000000000 connect(768, 127.0.0.1:6379) = -1 EINPROGRESS
//
// Nothing in it differs from run to run: no pointer, and no number of a real descriptor, whose calls are left out.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "fuzz/vnet/virtual_time.h"

namespace selfconnect::vnet {

class TraceLine {
 public:
  // `names` of the arguments that will be added: "(fd, buffer, size)".
  TraceLine(std::string_view call, std::string_view names);

  template <class... Arguments>
  void add_all(const std::tuple<Arguments&...>& arguments) {
    std::apply([this](const auto&... each) { (this->add(each), ...); }, arguments);
  }

  // Empty where it has to do with a real descriptor.
  [[nodiscard]] std::string finish(Time now, std::int64_t result, int error) const;

 private:
  template <class Argument>
  void add(const Argument& argument) {
    const std::string_view name = next_name();
    if constexpr (std::integral<Argument>) {
      add_number(name, static_cast<std::int64_t>(argument));
    } else if constexpr (std::is_same_v<Argument, const char*>) {
      if (argument != nullptr) add_text('"' + std::string(argument) + '"');
    } else if constexpr (std::is_same_v<Argument, const sockaddr*>) {
      if (argument != nullptr) add_address(*argument);
    } else if constexpr (std::is_same_v<Argument, const timespec*>) {
      if (argument != nullptr) add_text(seconds(argument->tv_sec, argument->tv_nsec));
    }
  }
  void add_number(std::string_view name, std::int64_t value);
  void add_address(const sockaddr& address);
  void add_text(std::string_view text);
  std::string_view next_name();
  static std::string seconds(std::int64_t whole, std::int64_t nanoseconds);

  std::string text_;
  std::string_view names_;
  bool first_ = true, real_ = false;
};

}  // namespace selfconnect::vnet
