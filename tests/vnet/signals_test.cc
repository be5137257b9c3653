// The engine's signal handlers are outside of the run that they interrupt, the client's are in it.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "tests/vnet/client.h"
#include "tests/vnet/run.h"

namespace selfconnect::vnet {
namespace {

const Host* seen = nullptr;
int struck = 0;

void look(int /*number*/) {
  seen = current_host();
  ++struck;
}

void look_too(int /*number*/, siginfo_t* info, void* /*context*/) { look(info->si_signo); }

class SignalsTest : public testing::Test {
 protected:
  SignalsTest() {
    seen = nullptr;
    struck = 0;
  }
  ~SignalsTest() override { client_signal(SIGUSR1, SIG_DFL); }
};

TEST_F(SignalsTest, SetOutsideAreOutsideOfTheRun) {
  client_signal(SIGUSR1, look);
  const TestRun run;
  raise(SIGUSR1);
  EXPECT_EQ(struck, 1);
  EXPECT_EQ(seen, nullptr);
  EXPECT_EQ(current_host(), &run.host);
}

TEST_F(SignalsTest, SetInTheRunAreInIt) {
  const TestRun run;
  client_signal(SIGUSR1, look);
  raise(SIGUSR1);
  EXPECT_EQ(struck, 1);
  EXPECT_EQ(seen, &run.host);
}

TEST_F(SignalsTest, GiveBackWhatWasSet) {
  struct sigaction action{}, before{};
  action.sa_sigaction = look_too;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  EXPECT_EQ(client_sigaction(SIGUSR1, &action, nullptr), 0);
  EXPECT_EQ(client_sigaction(SIGUSR1, nullptr, &before), 0);
  EXPECT_EQ(before.sa_sigaction, look_too);
  EXPECT_EQ(before.sa_flags & SA_RESTART, SA_RESTART);
  EXPECT_NE(client_signal(SIGUSR1, look), SIG_ERR);
  EXPECT_EQ(client_signal(SIGUSR1, SIG_IGN), look);
  EXPECT_EQ(client_signal(SIGUSR1, SIG_DFL), SIG_IGN);
}

TEST_F(SignalsTest, PutBackByTheClientAreTheEnginesAgain) {
  struct sigaction engines{}, ignore{};
  engines.sa_sigaction = look_too;
  engines.sa_flags = SA_SIGINFO;
  client_sigaction(SIGUSR1, &engines, nullptr);
  const TestRun run;
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  client_sigaction(SIGUSR1, &ignore, &before);
  raise(SIGUSR1);
  EXPECT_EQ(struck, 0);
  client_sigaction(SIGUSR1, &before, nullptr);
  raise(SIGUSR1);
  EXPECT_EQ(struck, 1);
  EXPECT_EQ(seen, nullptr);
}

}  // namespace
}  // namespace selfconnect::vnet
