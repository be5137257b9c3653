// What setsockopt(2) lets be set, and what getsockopt(2) then gives back, on a fresh socket of both sides.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>

#include "on_both.h"

namespace selfconnect::conformance {
namespace {

struct Option {
  const char* label;
  int level, name;
};

bool is_buffer(const Option& option) {
  return option.level == SOL_SOCKET && (option.name == SO_RCVBUF || option.name == SO_SNDBUF);
}

void PrintTo(const Option& option, std::ostream* stream) { *stream << option.label; }

constexpr Option kOptions[] = {
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE},
    {"SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE},
    {"SO_BROADCAST", SOL_SOCKET, SO_BROADCAST},
    {"SO_DONTROUTE", SOL_SOCKET, SO_DONTROUTE},
    {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY},
    {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF},
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY},
    {"TCP_CORK", IPPROTO_TCP, TCP_CORK},
    {"TCP_QUICKACK", IPPROTO_TCP, TCP_QUICKACK},
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT},
    {"TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT},
    {"TCP_LINGER2", IPPROTO_TCP, TCP_LINGER2},
    {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG},
    {"TCP_NOTSENT_LOWAT", IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    {"IP_TOS", IPPROTO_IP, IP_TOS},
    {"IP_TTL", IPPROTO_IP, IP_TTL},
    {"IPV6_TCLASS", IPPROTO_IPV6, IPV6_TCLASS},
    {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
};
constexpr int kValues[] = {0,   1,   2,     -1,     6,      7,       100,     127,          128,
                           255, 256, 1'000, 32'767, 32'768, 200'000, 500'000, 2'147'483'647};

class OptionTest : public OnBothTest, public ::testing::WithParamInterface<Option> {};

TEST_P(OptionTest, IsSetAndGivenBackAsByTheKernel) {
  const auto ask = [](std::vector<std::string>& answers) {
    return [&answers](OnStack on) {
      const auto get = [&](int fd) {
        int value = 0;
        socklen_t size = sizeof(value);
        const int result = on.stack().getsockopt(fd, GetParam().level, GetParam().name, &value, &size);
        // The most is a sysctl of the machine (net.core.rmem_max), this at least.
        const bool much = is_buffer(GetParam()) && value >= 2 * 212'992;
        if (result != 0) return fmt::format("errno {}", errno);
        return much ? "much" : fmt::format("{} of {}", value, size);
      };
      for (const int value : kValues) {
        const int family = GetParam().level == IPPROTO_IPV6 ? AF_INET6 : AF_INET;
        const int fd = on.stack().socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        std::string answer = fmt::format("{}, then {} set: ", get(fd), value);
        const int result =
            on.stack().setsockopt(fd, GetParam().level, GetParam().name, &value, sizeof(value));
        answers.push_back(answer + (result == 0 ? "" : fmt::format("errno {}, ", errno)) + get(fd));
        on.stack().close(fd);
      }
    };
  };
  std::vector<std::string> of_the_kernel, of_the_model;
  on_kernel(ask(of_the_kernel));
  if (IsSkipped()) return;
  on_vnet(ask(of_the_model));
  ASSERT_EQ(of_the_model.size(), of_the_kernel.size());
  for (std::size_t index = 0; index < of_the_model.size(); ++index)
    EXPECT_EQ(of_the_model[index], of_the_kernel[index]);
}

INSTANTIATE_TEST_SUITE_P(Options, OptionTest, ::testing::ValuesIn(kOptions),
                         [](const auto& option) { return std::string(option.param.label); });

}  // namespace
}  // namespace selfconnect::conformance
