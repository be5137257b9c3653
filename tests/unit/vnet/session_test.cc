// Sessions: lives of small clients, each of which does one thing, under schedules.
// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/session.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "fuzz/vnet/calls.h"
#include "fuzz/vnet/session/controls.h"
#include "records.h"

extern "C" int __lsan_is_turned_off();  // what LeakSanitizer asks: fuzz/vnet/session/lost_memory.cc

namespace selfconnect::vnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kAnswer = R"(read:5 say:"PONG\n")";
constexpr timespec kSecond{.tv_sec = 1, .tv_nsec = 0};

// A blocking connect on a new socket: the descriptor, or -1.
int dial(const Server& server, int port_further = 0) {
  const int fd = calls::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage storage{};
  const Endpoint to{.address = *Address::parse(server.host),
                    .port = static_cast<std::uint16_t>(server.port + port_further)};
  const socklen_t length = to.to_sockaddr(storage);
  if (calls::connect(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0) return fd;
  calls::close(fd);
  return -1;
}

std::string ask(int fd) {
  calls::send(fd, "PING\n", 5, MSG_NOSIGNAL);
  std::array<char, 64> buffer{};
  const ssize_t size = calls::recv(fd, buffer.data(), buffer.size(), 0);
  return {buffer.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

// The client that does it right: tries once a second until it is answered.
Ending patient(const Server& server) {
  while (true) {
    const int fd = dial(server);
    const bool answered = fd >= 0 && ask(fd) == "PONG\n";
    if (fd >= 0) calls::close(fd);
    if (answered) return Ending::kSuccess;
    calls::nanosleep(&kSecond, nullptr);
  }
}

FuzzTarget target_of(Ending (*run)(const Server&)) { return {.run = run, .answer = std::string(kAnswer)}; }

Record play(const FuzzTarget& target, std::string_view schedule) {
  Session session(target);
  return session.play(schedule_of(schedule));
}

TEST(VnetSessionTest, AttemptNMeetsEventN) {
  const std::string schedule =
      "refuse*2 self drop exhausted close reset half-close garbage:3 truncate:2 script[read:5 say:\"-ERR\"] "
      "serve";
  const Record record = play(target_of(patient), schedule);
  EXPECT_EQ(attempts_text(record),
            "1-2 refuse, 3 self (it wrote 5 bytes), 4 drop, 5 exhausted, 6 close (it wrote 5 bytes), "
            "7 reset, "
            "8 half-close (it wrote 5 bytes), 9 garbage:3 (it wrote 5 bytes, it was sent 3), "
            "10 truncate:2 (it wrote 5 bytes, it was sent 2), "
            "11 script[read:5 say:\"-ERR\"] (it wrote 5 bytes, it was sent 4), "
            "12 serve (it wrote 5 bytes, it was sent 5)");
  EXPECT_TRUE(record.ended);
  EXPECT_EQ(record.ending, Ending::kSuccess);
  EXPECT_EQ(record.descriptors, 0);
}

TEST(VnetSessionTest, EveryAddressThatIsDialledIsOneOfTheHost) {
  for (const char* host : {"127.0.0.1", "127.0.0.2", "192.0.2.7"}) {
    FuzzTarget target = target_of(patient);
    target.host = host;
    EXPECT_EQ(attempts_text(play(target, "self serve")),
              "1 self (it wrote 5 bytes), 2 serve (it wrote 5 bytes, it was sent 5)")
        << host;
  }
}

TEST(VnetSessionTest, EachDestinationCountsItsOwnAttempts) {
  const Record record = play(target_of([](const Server& server) {
                               dial(server);
                               dial(server, 1);
                               return dial(server) >= 0 ? Ending::kSuccess : Ending::kGaveUp;
                             }),
                             "refuse serve");
  ASSERT_THAT(record.attempts, SizeIs(3));
  EXPECT_EQ(record.attempts[1].number, 1);
  EXPECT_EQ(record.attempts[1].met, EventKind::kRefuse);
  EXPECT_EQ(record.attempts[2].number, 2);
  EXPECT_TRUE(record.attempts[2].quiet);
  EXPECT_EQ(record.ending, Ending::kSuccess);
}

TEST(VnetSessionTest, ASelfConnectionThatIsHeldRefusesTheNext) {
  const Record record = play(target_of([](const Server& server) {
                               dial(server);
                               dial(server);
                               return Ending::kGaveUp;
                             }),
                             "self*2 serve");
  ASSERT_THAT(record.attempts, SizeIs(2));
  EXPECT_EQ(record.attempts[0].met, EventKind::kSelf);
  EXPECT_EQ(record.attempts[1].met, EventKind::kRefuse);
  EXPECT_TRUE(record.dials_at_once);
  EXPECT_EQ(record.descriptors, 1);
}

TEST(VnetSessionTest, AClientThatWaitsForAnAnswerIsHelpedOn) {
  const Record record = play(target_of(patient), "refuse silent serve");
  ASSERT_THAT(record.waits, SizeIs(1));
  EXPECT_THAT(record.waits[0].on, ElementsAre(1));
  EXPECT_TRUE(record.attempts[1].pulled);
  EXPECT_EQ(record.ending, Ending::kSuccess);
}

TEST(VnetSessionTest, AClientThatWaitsForItselfIsStopped) {
  const FuzzTarget target = target_of([](const Server& server) {
    const int fd = dial(server);
    char byte = 0;
    const bool stood = calls::recv(fd, &byte, 1, 0) == -1 && errno == EDEADLK;
    calls::close(fd);
    return stood ? Ending::kSuccess : Ending::kGaveUp;
  });
  Session session(target);
  std::string told;
  session.stopped = [&](const Record& record) { told += attempts_text(record) + ";"; };
  const Record& record = session.play(schedule_of("self serve"));
  EXPECT_EQ(told, "1 self;");
  EXPECT_EQ(record.stop, Stop::kStandstill);
  EXPECT_EQ(record.ending, Ending::kSuccess);
}

TEST(VnetSessionTest, DiallingWithoutTimeIsStopped) {
  const Record record = play(target_of([](const Server& server) {
                               while (dial(server) < 0) {
                               }
                               return Ending::kSuccess;
                             }),
                             "refuse*100000 serve");
  EXPECT_EQ(record.stop, Stop::kAttempts);
  EXPECT_FALSE(record.ended);
  EXPECT_EQ(record.ended_at, Time::zero());
  EXPECT_THAT(record.attempts, SizeIs(Session::kMostAttemptsAtOnce));
}

TEST(VnetSessionTest, AnHourWithoutAnAttemptIsStopped) {
  const Record record = play(target_of([](const Server& server) {
                               dial(server);
                               while (true) calls::nanosleep(&kSecond, nullptr);
                               return Ending::kSuccess;
                             }),
                             "refuse*2 serve");
  EXPECT_EQ(record.stop, Stop::kPatience);
  EXPECT_EQ(record.ended_at, std::chrono::hours(1));
}

TEST(VnetSessionTest, SigpipeIsAStop) {
  const Record record = play(target_of([](const Server& server) {
                               const int fd = dial(server);
                               calls::send(fd, "PING\n", 5, 0);
                               calls::nanosleep(&kSecond, nullptr);
                               calls::send(fd, "PING\n", 5, 0);
                               calls::send(fd, "PING\n", 5, 0);
                               return Ending::kSuccess;
                             }),
                             "close serve");
  EXPECT_EQ(record.stop, Stop::kSignal);
}

TEST(VnetSessionTest, SocketsOfDeadAttemptsAreSeenWhenTheServerIsTalkedTo) {
  const Record record = play(target_of([](const Server& server) {
                               const int dead = dial(server);
                               const int other = dial(server);
                               const bool answered = ask(dial(server)) == "PONG\n";
                               calls::close(dead);
                               calls::close(other);
                               return answered ? Ending::kSuccess : Ending::kGaveUp;
                             }),
                             "close serve serve");
  EXPECT_THAT(record.dead_sockets, ElementsAre(0));
  EXPECT_EQ(record.recovered, 2);
  EXPECT_EQ(record.descriptors, 1);
}

TEST(VnetSessionTest, ExitEndsAProgramsLife) {
  const FuzzTarget target{
      .program =
          [](int argc, char** argv) {
            current_host()->overseer().exits(argc == 3 && argv[2] == std::string("50000") ? 0 : 64);
            return 1;
          },
      .arguments = {"client", "{host}", "{port}"}};
  const Record record = play(target, "serve");
  EXPECT_TRUE(record.ended);
  EXPECT_EQ(record.ending, Ending::kSuccess);
}

TEST(VnetSessionTest, AProgramReadsItsOptionsAnewInEachLife) {
  const FuzzTarget target{
      .program = [](int argc, char** argv) { return getopt(argc, argv, "v") == 'v' ? 0 : 64; },
      .arguments = {"client", "-v", "{host}", "{port}"}};
  for (int life = 0; life < 3; ++life) EXPECT_EQ(play(target, "serve").ending, Ending::kSuccess) << life;
}

TEST(VnetSessionTest, WhatAProgramHoldsAtItsEndIsNoLeak) {
  const int before = __lsan_is_turned_off();
  play(target_of([](const Server&) { return Ending::kSuccess; }), "serve");
  EXPECT_EQ(__lsan_is_turned_off(), before);
  play({.program = [](int, char**) { return 0; }}, "serve");
  EXPECT_EQ(__lsan_is_turned_off(), 1);
}

TEST(VnetSessionTest, ADaemonsLifeIsOverWhenItIsServed) {
  FuzzTarget target = target_of([](const Server& server) {
    while (true) {
      const int fd = dial(server);
      if (fd >= 0) {
        while (!ask(fd).empty()) calls::nanosleep(&kSecond, nullptr);
        calls::close(fd);
      }
      calls::nanosleep(&kSecond, nullptr);
    }
    return Ending::kGaveUp;
  });
  EXPECT_EQ(play(target, "refuse serve").stop, Stop::kPatience);
  target.stays = true;
  const Record record = play(target, "refuse serve");
  EXPECT_FALSE(record.stop);
  EXPECT_EQ(record.ending, Ending::kSuccess);
  EXPECT_GT(record.attempts.back().answered, 5);
}

TEST(VnetSessionTest, TalkingWithoutTimeIsNoSpinning) {
  FuzzTarget target = target_of([](const Server& server) {
    const int fd = dial(server);
    while (!ask(fd).empty()) current_host()->overseer().called("poll");
    return Ending::kGaveUp;
  });
  EXPECT_EQ(play(target, "serve").stop, Stop::kTooMany);
  target.stays = true;
  EXPECT_EQ(play(target, "serve").ending, Ending::kSuccess);
  // It was served, and is connected to nobody.
  EXPECT_EQ(play(target, "truncate:20 serve").ending, Ending::kGaveUp);
}

TEST(VnetSessionTest, CallingWithoutTimeIsStopped) {
  const Record record = play(target_of([](const Server& server) {
                               const int fd = dial(server);
                               while (!ask(fd).empty()) {
                               }
                               while (true) current_host()->overseer().called("recv");
                               return Ending::kGaveUp;
                             }),
                             "truncate:20 serve");
  EXPECT_EQ(record.stop, Stop::kCalls);
}

TEST(VnetSessionTest, TheSameScheduleGivesTheSameTrace) {
  const FuzzTarget target = target_of(patient);
  Session session(target);
  const Schedule schedule =
      schedule_of("refuse self garbage:300 drop reset script[read:5 say:\"P\" close] serve");
  std::string first;
  session.trace = &first;
  session.play(schedule);
  EXPECT_THAT(first, HasSubstr("attempt 6 to 127.0.0.1:50000: script[read:5 say:\"P\" close]"));
  for (int run = 1; run < 1'000; ++run) {
    std::string again;
    session.trace = &again;
    session.play(schedule);
    ASSERT_EQ(again, first) << "run " << run;
  }
}

TEST(VnetControlsTest, AreThoseOfTheClient) {
  const FuzzTarget target = target_of(patient);
  PlayedControls controls(target);
  ASSERT_THAT(controls.healthy(), SizeIs(3));
  EXPECT_THAT(controls.healthy()[2].attempts, SizeIs(1));
  EXPECT_THAT(controls.refused().attempts, SizeIs(kRefusals + 1));
  const Event silent{.kind = EventKind::kSilent}, garbage{.kind = EventKind::kGarbage, .amount = 7};
  EXPECT_FALSE(controls.goes_on_after(silent));
  EXPECT_TRUE(controls.goes_on_after(garbage));
  EXPECT_FALSE(controls.goes_on_after(silent));
}

}  // namespace
}  // namespace selfconnect::vnet
