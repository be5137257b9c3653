// The name server of a world: every host name resolves, to an address of its own, so that a client configured by name
// dials as it does in the field. Nothing is asked outside.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"
#include "harness/world/world.h"

namespace selfconnect {

// The IPv4 address that stands for a name: the same in every world, out of 198.19.0.0/16 (RFC 2544: nobody's). Letter
// case and a final dot make no difference (RFC 4343).
[[nodiscard]] Address address_of_name(std::string_view name);

// The answer to a DNS query (RFC 1035): address_of_name for A, no records for any other type; none for what is no query.
[[nodiscard]] std::optional<std::string> answer_query(std::string_view query);

// Answers on UDP port 53 of all addresses of a world, whichever of them resolv.conf(5) names. For the io_context's
// thread only.
class NameServer {
 public:
  static Result<std::unique_ptr<NameServer>> start(boost::asio::io_context& context, const World& world);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

 private:
  struct State;
  explicit NameServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace selfconnect
