// A client library as the distribution ships it, connected to itself: hiredis takes its own PING for a reply. Prints the trace.
// SPDX-License-Identifier: MIT
#include <hiredis/hiredis.h>

#include <cstdio>
#include <string>

#include "fuzz/vnet/far_end.h"
#include "fuzz/vnet/host.h"

using namespace selfconnect::vnet;

namespace {

class Itself : public Overseer {
 public:
  Attempt attempt(const selfconnect::Endpoint& /*to*/) override {
    return {.port = Attempt::Port::kDialled, .syn = Attempt::Syn::kRefused};
  }
  bool stands_still() override { return false; }
};

std::string ping() {
  redisContext* const context =
      redisConnectWithTimeout("127.0.0.1", 33000, timeval{.tv_sec = 1, .tv_usec = 0});
  std::string said = context->err != 0 ? context->errstr : "nothing";
  if (auto* const reply = static_cast<redisReply*>(redisCommand(context, "PING"))) {
    said = reply->elements == 1 ? reply->element[0]->str : "something else";
    freeReplyObject(reply);
  }
  redisFree(context);
  return said;
}

}  // namespace

int main() {
  Itself overseer;
  Host host(overseer);
  std::string trace, said;
  host.trace = &trace;
  {
    const HostScope run(host);
    said = ping();
  }
  std::printf("%sThe server said %s\n", trace.c_str(), said.c_str());
  return said == "PING" ? 0 : 1;
}
