// Dials its destinations from several threads, until each has been dialled so many times, and notes what it saw of each
// attempt: a line "DESTINATION WHAT", the destination counted from 0. For the test that attempt n meets event n.
//
//   dialler THREADS ATTEMPTS HOST PORT [HOST PORT ...]
//
// Every other attempt blocks in connect(), and every other two end with RST.
// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sys/time.h>

#include <atomic>
#include <deque>
#include <vector>

#include "../../../targets/reference/dial.h"

namespace {

// For an answer to a SYN; a network that ends on this machine gives it, or has been told to give none.
constexpr int kPatienceMs = 5;

struct Server {
  Address address;
  std::atomic<int> left;
};

// 0, or the errno of the attempt; EINPROGRESS: there was no answer.
int connect_blocking(int fd, const Address& to) {
  const timeval patience{.tv_sec = 0, .tv_usec = kPatienceMs * 1000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return connect(fd, &to.any, length_of(to)) == 0 ? 0 : errno;
}

int connect_polling(int fd, const Address& to) {
  if (connect(fd, &to.any, length_of(to)) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd answer{.fd = fd, .events = POLLOUT, .revents = 0};
  if (poll(&answer, 1, kPatienceMs) != 1) return EINPROGRESS;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

const char* name_of(int error) {
  switch (error) {
    case 0:
      return "connected";
    case ECONNREFUSED:
      return "refused";
    case EADDRNOTAVAIL:
      return "exhausted";
    case ECONNRESET:
      return "reset";
    case EINPROGRESS:
    case EALREADY:  // by a blocking connect() with SO_SNDTIMEO that the director has begun
      return "unanswered";
    default:
      return strerrorname_np(error);
  }
}

const char* attempt(const Address& to, unsigned turn) {
  const bool polls = turn % 2 == 1;
  const int fd = new_socket(to, polls ? SOCK_NONBLOCK : 0);
  const int error = polls ? connect_polling(fd, to) : connect_blocking(fd, to);
  const char* what = name_of(error);
  if (error == 0) {
    if (self_connected(fd)) what = "self";
    say(fd, "ping");
    char bytes[64];
    recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
  }
  if (turn / 2 % 2 == 1) reset_when_closed(fd);
  close(fd);
  return what;
}

void dial_all(std::deque<Server>& servers, unsigned thread) {
  unsigned turn = thread;
  for (std::size_t none_left = 0; none_left < servers.size(); ++turn) {
    const std::size_t index = turn % servers.size();
    if (servers[index].left.fetch_sub(1) <= 0) {
      ++none_left;
      continue;
    }
    none_left = 0;
    const char* what = attempt(servers[index].address, turn / static_cast<unsigned>(servers.size()));
    const std::string line = std::to_string(index) + ' ' + what + '\n';
    if (write(STDOUT_FILENO, line.data(), line.size()) != std::ssize(line)) std::abort();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc % 2 != 1) {
    std::fprintf(stderr, "usage: %s THREADS ATTEMPTS HOST PORT [HOST PORT ...]\n", argv[0]);
    return 64;
  }
  std::deque<Server> servers;
  for (int i = 3; i < argc; i += 2)
    servers.emplace_back(parse_address(argv[i], argv[i + 1]), std::atoi(argv[2]));
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[1]); ++i) {
    threads.emplace_back([&servers, i] { dial_all(servers, static_cast<unsigned>(i)); });
  }
  for (std::thread& thread : threads) thread.join();
}
