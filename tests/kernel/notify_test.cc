// The engine `notify` in a network of the test's own: which ports a target under its filter gets.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <future>
#include <random>
#include <thread>

#include "confined.h"
#include "fresh_net.h"
#include "harness/ports/notify_engine.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::ConfinedChild;
using ::testing::ElementsAre;
using testing::in_confined_child;
using testing::in_fresh_net;
using Reach = NotifySupervisor::Reach;

constexpr std::uint16_t kPort = 50'000;

std::unique_ptr<NotifyEngine> make_engine(SocketAccess access = SocketAccess::kTake,
                                          Reach reach = Reach::kAnywhere) {
  auto engine = NotifyEngine::create(access, reach);
  if (engine) return std::move(*engine);
  ADD_FAILURE() << engine.error().message;
  std::abort();
}

Endpoint endpoint(const std::string& text) { return *Endpoint::parse(text); }

Endpoint local_end(const UniqueFd& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  EXPECT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size), 0);
  return Endpoint::from_sockaddr(storage);
}

bool is_self_connected(const UniqueFd& socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  return getpeername(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0 &&
         Endpoint::from_sockaddr(storage) == local_end(socket);
}

UniqueFd stream(const Endpoint& destination) {
  const int domain = destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  UniqueFd socket(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
  return socket;
}

// An errno; 0: connected.
int dial(const UniqueFd& socket, const Endpoint& destination) {
  sockaddr_storage storage{};
  const socklen_t size = destination.to_sockaddr(storage);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
}

int bind_to(const UniqueFd& socket, const Endpoint& own) {
  sockaddr_storage storage{};
  const socklen_t size = own.to_sockaddr(storage);
  return bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
}

std::vector<std::uint16_t> ports_of(const std::vector<NotifyEvent>& events) {
  std::vector<std::uint16_t> ports;
  std::ranges::transform(events, std::back_inserter(ports), &NotifyEvent::port);
  return ports;
}

struct Variant {
  SocketAccess access;
  std::string destination;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << (variant.access == SocketAccess::kTake ? "taken " : "made ") << variant.destination;
}

class NotifyTest : public ::testing::TestWithParam<Variant> {
 protected:
  [[nodiscard]] static Endpoint destination() { return endpoint(GetParam().destination); }
  [[nodiscard]] static std::unique_ptr<NotifyEngine> engine() { return make_engine(GetParam().access); }
};

TEST_P(NotifyTest, ForcesThePortWheneverItIsFree) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->force(kPort, Allocator::kConnect));
    in_confined_child(notify->confinement(), [] {
      for (int i = 0; i < 3; ++i) {
        const UniqueFd first = stream(destination());
        EXPECT_EQ(dial(first, destination()), 0);
        EXPECT_TRUE(is_self_connected(first));
        const UniqueFd second = stream(destination());
        EXPECT_EQ(dial(second, destination()), ECONNREFUSED) << "by a port of the kernel's choice";
      }
    });
  });
}

TEST_P(NotifyTest, WalksToTheHitAtTheStatedAttempt) {
  in_fresh_net([] {
    constexpr std::uint16_t kFirst = kPort - 19;
    constexpr int kWalks = 1'000;
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(kFirst, kPort), {}));
    in_confined_child(notify->confinement(), [] {
      for (int walk = 0; walk < kWalks; ++walk) {
        for (std::uint16_t port = kFirst; port <= kPort; ++port) {
          const UniqueFd socket = stream(destination());
          const int outcome = dial(socket, destination());
          ASSERT_EQ(outcome, port == kPort ? 0 : ECONNREFUSED) << "walk " << walk << ", port " << port;
          ASSERT_EQ(is_self_connected(socket), outcome == 0);
        }
      }
    });
    const auto events = notify->take_events();
    ASSERT_EQ(events.size(), NotifyRecord::kMostEvents);
    EXPECT_EQ(events.back().dial.attempt, 20U * kWalks);
    EXPECT_EQ(events.back().dial.destination, destination());
  });
}

TEST_P(NotifyTest, WalksOfAnyLengthFromAnyPort) {
  in_fresh_net([] {
    std::mt19937 random(7);
    const auto notify = engine();
    for (int walk = 0; walk < 100; ++walk) {
      const int stated = static_cast<int>(random() % 20) + 1;
      const Endpoint dialled{destination().address, static_cast<std::uint16_t>(1024 + random() % 60'000)};
      const auto first = static_cast<std::uint16_t>(dialled.port - stated + 1);
      ASSERT_TRUE(notify->follow(Policy::sequential(first), {}));
      in_confined_child(notify->confinement(), [&] {
        for (int attempt = 1; attempt <= stated; ++attempt) {
          const UniqueFd socket = stream(dialled);
          ASSERT_EQ(dial(socket, dialled), attempt == stated ? 0 : ECONNREFUSED)
              << dialled.text() << " from " << first << ", attempt " << attempt;
          ASSERT_EQ(is_self_connected(socket), attempt == stated);
        }
      });
    }
  });
}

TEST_P(NotifyTest, HandsOutEachPortOnceInOrderToManyThreads) {
  for (const std::size_t threads_at_once : {1, 2, 16, 64})
    in_fresh_net([threads_at_once] {
      constexpr std::uint16_t kFirst = 20'000;
      constexpr std::size_t kDials = 50;
      const auto notify = engine();
      ASSERT_TRUE(notify->follow(Policy::sequential(kFirst, 65'000), {}));
      in_confined_child(notify->confinement(), [=] {
        std::vector<std::vector<std::uint16_t>> got(threads_at_once);
        std::vector<std::thread> threads;
        for (auto& mine : got) {
          threads.emplace_back([&mine] {
            const Endpoint nobody{destination().address, 1};
            for (std::size_t i = 0; i < kDials; ++i) {
              const UniqueFd socket = stream(nobody);
              EXPECT_EQ(dial(socket, nobody), ECONNREFUSED);
              mine.push_back(local_end(socket).port);
            }
          });
        }
        for (std::thread& thread : threads) thread.join();
        std::vector<std::uint16_t> all;
        for (const auto& mine : got) {
          EXPECT_TRUE(std::ranges::is_sorted(mine));
          std::ranges::copy(mine, std::back_inserter(all));
        }
        std::ranges::sort(all);
        for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], kFirst + i);
      });
      const auto events = notify->take_events();
      ASSERT_EQ(events.size(), threads_at_once * kDials);
      for (std::size_t i = 0; i < events.size(); ++i) {
        ASSERT_EQ(events[i].port, kFirst + i);
        ASSERT_EQ(events[i].dial.attempt, i + 1);
      }
    });
}

TEST_P(NotifyTest, ActsForForkedChildren) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'009), {}));
    in_confined_child(notify->confinement(), [] {
      const Endpoint nobody{destination().address, 1};
      for (int i = 0; i < 10; ++i) {
        // A socket of the parent's, dialled by the child.
        const UniqueFd socket = stream(nobody);
        EXPECT_EQ(testing::in_child([&] { return dial(socket, nobody); }), ECONNREFUSED);
        EXPECT_EQ(local_end(socket).port, 20'000 + i);
      }
    });
  });
}

TEST_P(NotifyTest, SkipsPortsThatAreTaken) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'009), {}));
    const Endpoint own{destination().address, 20'001};
    const UniqueFd holder = stream(own);
    ASSERT_EQ(bind_to(holder, own), 0);
    in_confined_child(notify->confinement(), [] {
      const Endpoint nobody{destination().address, 1};
      for (const std::uint16_t port : {20'000, 20'002, 20'003}) {
        const UniqueFd socket = stream(nobody);
        EXPECT_EQ(dial(socket, nobody), ECONNREFUSED);
        EXPECT_EQ(local_end(socket).port, port);
      }
    });
    EXPECT_THAT(ports_of(notify->take_events()), ElementsAre(20'000, 20'002, 20'003));
  });
}

TEST_P(NotifyTest, GivesUpWhenEveryPortIsTaken) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'000), {}));
    const Endpoint own{destination().address, 20'000};
    const UniqueFd holder = stream(own);
    ASSERT_EQ(bind_to(holder, own), 0);
    in_confined_child(notify->confinement(), [] {
      const Endpoint nobody{destination().address, 1};
      const UniqueFd socket = stream(nobody);
      EXPECT_EQ(dial(socket, nobody), ECONNREFUSED);
      EXPECT_NE(local_end(socket).port, 20'000);
    });
    EXPECT_THAT(ports_of(notify->take_events()), ElementsAre(0));
  });
}

TEST_P(NotifyTest, ActsOnBindToPortZero) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->force(kPort, Allocator::kBind));
    in_confined_child(notify->confinement(), [] {
      const UniqueFd socket = stream(destination());
      EXPECT_EQ(bind_to(socket, {destination().address, 0}), 0);
      EXPECT_EQ(local_end(socket), destination());
      EXPECT_EQ(bind_to(socket, {destination().address, 0}), EINVAL);
      EXPECT_EQ(dial(socket, destination()), 0);
      EXPECT_TRUE(is_self_connected(socket));
      const UniqueFd next = stream(destination());
      EXPECT_EQ(bind_to(next, {destination().address, 0}), 0) << "P is busy: the kernel's choice";
      EXPECT_NE(local_end(next).port, kPort);
    });
  });
}

TEST_P(NotifyTest, LeavesWhatHasAPortAlone) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'009), {}));
    in_confined_child(notify->confinement(), [] {
      const Endpoint nobody{destination().address, 1};
      const UniqueFd bound = stream(nobody);
      EXPECT_EQ(bind_to(bound, {nobody.address, 30'000}), 0);
      EXPECT_EQ(dial(bound, nobody), ECONNREFUSED);
      EXPECT_EQ(local_end(bound).port, 30'000);
      // A listener, and what is connected to it.
      const UniqueFd listener = stream(nobody);
      const Endpoint server{nobody.address, 30'001};
      EXPECT_EQ(bind_to(listener, server), 0);
      EXPECT_EQ(listen(listener.get(), 1), 0);
      const UniqueFd client = stream(server);
      EXPECT_EQ(dial(client, server), 0);
      EXPECT_EQ(dial(client, server), EISCONN);
      EXPECT_EQ(local_end(client).port, 20'000);
      const UniqueFd last = stream(nobody);
      EXPECT_EQ(dial(last, nobody), ECONNREFUSED);
      EXPECT_EQ(local_end(last).port, 20'001);
    });
    EXPECT_THAT(ports_of(notify->take_events()), ElementsAre(30'000, 20'000, 20'001));
  });
}

// Nor does the supervisor, which keeps a copy of the sockets that it made until they dial.
TEST_P(NotifyTest, AClosedSocketKeepsNoPort) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'009), {}));
    in_confined_child(notify->confinement(), [] {
      const Endpoint server{destination().address, 30'001};
      for (int i = 0; i < 3; ++i) {
        const UniqueFd bound = stream(server);
        EXPECT_EQ(bind_to(bound, server), 0) << "again, after it was closed";
      }
      {
        const UniqueFd listener = stream(server);
        EXPECT_EQ(bind_to(listener, server), 0);
        EXPECT_EQ(listen(listener.get(), 1), 0);
      }
      const UniqueFd client = stream(server);
      EXPECT_EQ(dial(client, server), ECONNREFUSED) << "nobody listens any more";
    });
  });
}

TEST_P(NotifyTest, LeavesOtherSocketsAlone) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'009), {}));
    in_confined_child(notify->confinement(), [] {
      const int domain = destination().address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
      const UniqueFd datagrams(socket(domain, SOCK_DGRAM, 0));
      EXPECT_EQ(dial(datagrams, destination()), 0);
      EXPECT_NE(local_end(datagrams).port, 20'000);
      const UniqueFd also(socket(domain, SOCK_DGRAM, 0));
      EXPECT_EQ(bind_to(also, {destination().address, 0}), 0);
      EXPECT_NE(local_end(also).port, 20'000);
      const UniqueFd local(socket(AF_UNIX, SOCK_STREAM, 0));
      const sockaddr_un nowhere{.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
      EXPECT_EQ(connect(local.get(), reinterpret_cast<const sockaddr*>(&nowhere), sizeof(nowhere)), -1);
      EXPECT_EQ(errno, ENOENT);
      EXPECT_EQ(connect(-1, nullptr, 0), -1);
      EXPECT_EQ(errno, EBADF);
      const UniqueFd tcp = stream(destination());
      EXPECT_EQ(connect(tcp.get(), reinterpret_cast<const sockaddr*>(16), sizeof(sockaddr_in6)), -1);
      EXPECT_EQ(errno, EFAULT);
      const sockaddr none{.sa_family = AF_UNSPEC, .sa_data = {}};
      EXPECT_EQ(connect(tcp.get(), &none, sizeof(none)), 0);
      EXPECT_EQ(local_end(tcp).port, 0);
    });
    EXPECT_TRUE(notify->take_events().empty());
  });
}

TEST_P(NotifyTest, ActsOnFastOpen) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 20'009), {}));
    in_confined_child(notify->confinement(), [] {
      const Endpoint nobody{destination().address, 1};
      sockaddr_storage to{};
      const socklen_t size = nobody.to_sockaddr(to);
      const UniqueFd first = stream(nobody);
      EXPECT_EQ(sendto(first.get(), "x", 1, MSG_FASTOPEN, reinterpret_cast<sockaddr*>(&to), size), -1);
      EXPECT_EQ(errno, ECONNREFUSED);
      EXPECT_EQ(local_end(first).port, 20'000);
      const UniqueFd second = stream(nobody);
      char byte = 'x';
      iovec data{&byte, 1};
      msghdr message{};
      message.msg_name = &to;
      message.msg_namelen = size;
      message.msg_iov = &data;
      message.msg_iovlen = 1;
      EXPECT_EQ(sendmsg(second.get(), &message, MSG_FASTOPEN), -1);
      EXPECT_EQ(errno, ECONNREFUSED);
      EXPECT_EQ(local_end(second).port, 20'001);
    });
  });
}

// The call goes on with whatever the descriptor is by then; what the supervisor binds is a free TCP socket in any case.
TEST_P(NotifyTest, BindsNoOtherSocketWhenTheDescriptorIsUsedAgain) {
  in_fresh_net([] {
    const auto notify = engine();
    ASSERT_TRUE(notify->follow(Policy::sequential(20'000, 60'000), {}));
    in_confined_child(notify->confinement(), [] {
      const Endpoint nobody{destination().address, 1};
      const int domain = nobody.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
      const UniqueFd datagrams(socket(domain, SOCK_DGRAM, 0));
      const UniqueFd bound = stream(nobody);
      EXPECT_EQ(bind_to(bound, {nobody.address, 19'000}), 0);
      const UniqueFd listener = stream(nobody);
      EXPECT_EQ(bind_to(listener, {nobody.address, 19'001}), 0);
      EXPECT_EQ(listen(listener.get(), 1), 0);
      constexpr int kFd = 500;
      std::atomic<bool> done = false;
      std::thread swapper([&] {
        while (!done) {
          for (const UniqueFd* other : {&datagrams, &bound, &listener}) {
            const UniqueFd fresh = stream(nobody);
            dup2(fresh.get(), kFd);
            dup2(other->get(), kFd);
            close(kFd);
          }
        }
      });
      sockaddr_storage to{};
      const socklen_t size = nobody.to_sockaddr(to);
      for (int i = 0; i < 5'000; ++i) {
        (void)connect(kFd, reinterpret_cast<const sockaddr*>(&to), size);
      }
      done = true;
      swapper.join();
      EXPECT_EQ(local_end(bound).port, 19'000);
      EXPECT_EQ(local_end(listener).port, 19'001);
      const auto port = local_end(datagrams).port;  // it may have been connected by the target's own mistake
      EXPECT_TRUE(port == 0 || port >= 32'768) << port;
    });
    for (const NotifyEvent& event : notify->take_events()) {
      ASSERT_TRUE(event.port == 19'000 || event.port >= 20'000) << event.port;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Destinations, NotifyTest,
                         ::testing::Values(Variant{SocketAccess::kTake, "127.0.0.1:50000"},
                                           Variant{SocketAccess::kTake, "[::1]:50000"},
                                           Variant{SocketAccess::kMake, "127.0.0.1:50000"},
                                           Variant{SocketAccess::kMake, "[::1]:50000"}));

}  // namespace
}  // namespace selfconnect
