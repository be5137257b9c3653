// The name server of a world: every host name resolves, to an address of its own, so that a client configured by name
// dials as it does in the field. Nothing is asked outside.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/net/host_name.h"
#include "harness/sys/error.h"
#include "harness/world/world.h"

namespace selfconnect {

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
