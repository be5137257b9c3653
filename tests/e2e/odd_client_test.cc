// selfconnect measure with clients that do more than dial: each engine has to force and to see them alike.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "machine.h"
#include "measured.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

// Of Python's: how its sockets are made and ended, and the address that is dialled.
const std::string kPrelude =
    "import ctypes, select, socket, struct, threading\n"
    "here = ('127.0.0.1', 50000)\n"
    "def made():\n"
    "  s = socket.socket()\n"
    "  s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n"
    "  return s\n"
    "def dissolved(s):  # connect(2), AF_UNSPEC\n"
    "  ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)\n"
    "def dial(bound=False):\n"
    "  s = made()\n"
    "  if bound: s.bind(('127.0.0.1', 0))\n"
    "  s.connect_ex(here)\n"
    "  s.close()\n";

struct OddClient {
  std::string name;
  std::string script;
  int hits;  // of 60 attempts, at least
};

void PrintTo(const OddClient& client, std::ostream* stream) { *stream << client.name; }

const OddClient kForced[] = {
    {"BindsFirst", "while True: dial(bound=True)\n", 1},
    // Ports of its other connections are not missing, nor do they take the forced one.
    {"HasAPool",
     "server = socket.create_server(('127.0.0.1', 50101), backlog=100)\n"
     "pool = [socket.create_connection(('127.0.0.1', 50101)) for i in range(30)]\n"
     "while True: dial()\n",
     28},
    {"BindsNowAndThen", "dial(bound=True)\nwhile True: dial()\n", 1},
    // By its own server, at first: then ports of the other parity are no sign of a client that binds.
    {"HoldsThePortAtFirst",
     "server = made()\nserver.bind(here)\n"
     "for i in range(3): dial()\n"
     "server.close()\n"
     "while True: dial()\n",
     1},
    // The second is refused while the first holds the port, and is dialled again when it does not: that hits, too.
    {"DialsARefusedSocketAgain",
     "while True:\n"
     "  a, b = made(), made()\n"
     "  a.connect_ex(here)\n"
     "  b.connect_ex(here)\n"
     "  a.close()\n"
     "  b.connect_ex(here)\n"
     "  b.close()\n",
     40},
};

class ForcedClientTest : public ::testing::TestWithParam<std::tuple<std::string, OddClient>> {
  void SetUp() override { need_engine(std::get<0>(GetParam())); }
};

TEST_P(ForcedClientTest, ConnectsToItself) {
  const auto& [engine, client] = GetParam();
  Arguments limits = {"--attempts", "60", "--hits", "100"};
  if (client.hits == 1) limits = {"--hits", "3", "--duration", "30s"};  // how soon is the engine's affair
  Arguments arguments = {"--policy", "force", "--engine", engine};
  arguments.insert(arguments.end(), limits.begin(), limits.end());
  arguments.insert(arguments.end(), {"--", "python3", "-c", kPrelude + client.script});
  const Measured measured = measure(arguments);
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_GE(measured.report.at("hits"), client.hits) << measured;
}

INSTANTIATE_TEST_SUITE_P(Engines, ForcedClientTest,
                         ::testing::Combine(::testing::Values("range", "hook", "notify"),
                                            ::testing::ValuesIn(kForced)),
                         [](const auto& one) {
                           return std::get<1>(one.param).name + "_" + std::get<0>(one.param);
                         });

// Each is dialled three times, and each time a SYN goes out.
const OddClient kRedialled[] = {
    {"Blocking", "s.connect_ex(here)", 0},
    {"ShutDown", "s.connect_ex(here)\n    try: s.shutdown(socket.SHUT_RDWR)\n    except OSError: pass", 0},
    {"ShutDownBefore",
     "if i == 0: s.bind(('127.0.0.1', 0))\n    try: s.shutdown(socket.SHUT_RD)\n    except OSError: "
     "pass\n    s.connect_ex(here)",
     0},
    {"Dissolved",
     "s.setblocking(False)\n    s.connect_ex(here)\n    select.select([], [s], [])\n    dissolved(s)", 0},
    {"Asked",
     "s.setblocking(False)\n    s.connect_ex(here)\n    select.select([], [s], [])\n    s.connect_ex(here)",
     0},
};

class RedialledTest : public ::testing::TestWithParam<std::tuple<std::string, OddClient>> {
  void SetUp() override { need_engine(std::get<0>(GetParam())); }
};

TEST_P(RedialledTest, IsSeenEachTime) {
  const auto& [engine, client] = GetParam();
  const std::string script = kPrelude +
                             "while True:\n"
                             "  s = made()\n"
                             "  for i in range(3):\n"
                             "    " +
                             client.script + "\n  s.close()\n";
  for (const char* policy : {"kernel", "sequential:20000-29999"}) {
    const Measured measured = measure({"--engine", engine, "--policy", policy, "--attempts", "60", "--hits",
                                       "100", "--", "python3", "-c", script});
    ASSERT_TRUE(measured.report.is_object()) << measured;
    EXPECT_EQ(measured.report.at("attempts"), 60) << policy;
    EXPECT_EQ(measured.report.at("exhausted"), 0) << policy << measured;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RedialledTest,
                         ::testing::Combine(::testing::Values("hook", "notify"),
                                            ::testing::ValuesIn(kRedialled)),
                         [](const auto& one) {
                           return std::get<1>(one.param).name + "_" + std::get<0>(one.param);
                         });

}  // namespace
}  // namespace selfconnect::testing
