// What the canaries share: a client of a tiny protocol. It says "PING\n", reads until "PONG\n" and is done; whatever else comes of
// an attempt is a failure, after which it tries again on a new socket. Plain socket calls, nothing of the harness.
//
// A canary is built twice from one source, as NAME and as NAME_twin. The twin has no fault: kPlanted is false there.
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include "../reference/dial.h"

#ifdef SELFCONNECT_TWIN
inline constexpr bool kPlanted = false;
#else
inline constexpr bool kPlanted = true;
#endif

// What came of one attempt.
enum class Outcome {
  kRefused,  // nobody answered, no port was free, or there was no answer for too long
  kSelf,     // connected to itself
  kReset,    // by an RST of the far end
  kEnded,    // by a FIN of the far end
  kWrong,    // its bytes cannot become "PONG\n"
  kPong,
};

inline constexpr std::string_view kRequest = "PING\n", kReply = "PONG\n";

// A connect on a new socket that waits for an answer up to 2 ms: inside one machine it is there at once, or never.
// The descriptor, or -1 with errno.
inline int dial_for_a_while(const Address& to) {
  const int fd = new_socket(to, SOCK_NONBLOCK);
  if (fd < 0 || connect(fd, &to.any, length_of(to)) == 0) return fd;
  int error = errno;
  pollfd answer{.fd = fd, .events = POLLOUT, .revents = 0};
  socklen_t length = sizeof error;
  if (error == EINPROGRESS && poll(&answer, 1, 2) == 1) {
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error == 0) return fd;
  }
  close(fd);
  errno = error;
  return -1;
}

// What the bytes of a reply are, so far.
enum class Heard { kMore, kPong, kWrong };

inline Heard hear(std::string_view bytes) {
  if (bytes.starts_with(kReply)) return Heard::kPong;
  return kReply.starts_with(bytes) ? Heard::kMore : Heard::kWrong;
}

inline Outcome how_it_ended(ssize_t got) { return got == 0 ? Outcome::kEnded : Outcome::kReset; }

// Says PING and reads until `hear_bytes`, a Heard(std::string_view), knows what it is.
template <class Hear>
Outcome ask(int fd, const Hear& hear_bytes) {
  if (send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return Outcome::kReset;
  std::string bytes;
  while (true) {
    pollfd more{.fd = fd, .events = POLLIN, .revents = 0};
    poll(&more, 1, -1);
    char buffer[512];
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return how_it_ended(got);
    bytes.append(buffer, static_cast<std::size_t>(got));
    const Heard heard = hear_bytes(bytes);
    if (heard == Heard::kPong) return Outcome::kPong;
    if (heard == Heard::kWrong) return Outcome::kWrong;
  }
}

// One attempt, all of it; `converse`, an Outcome(int fd), asks.
template <class Converse>
Outcome attempt(const Address& server, const Converse& converse) {
  const int fd = dial_for_a_while(server);
  // A connection that stood already may be reset before it is looked at.
  if (fd < 0) return errno == ECONNRESET ? Outcome::kReset : Outcome::kRefused;
  const Outcome outcome = self_connected(fd) ? Outcome::kSelf : converse(fd);
  close_with_reset(fd);
  return outcome;
}

inline Outcome attempt(const Address& server) {
  return attempt(server, [](int fd) { return ask(fd, hear); });
}

// Between attempts: short for a tenth of a second, so that many schedules can be tried, and then long enough to be no spinning.
struct Pause {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point slow_from = Clock::now() + std::chrono::milliseconds(100);

  void wait() const {
    std::this_thread::sleep_for(std::chrono::milliseconds(Clock::now() < slow_from ? 1 : 16));
  }
};

// How a client ends that has its reply.
inline int pong() {
  std::puts("pong");
  return 0;
}
