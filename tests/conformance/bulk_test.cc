// More than fits: who does not read lets the writer wait. How much fits is the kernel's tuning, and is not compared.
// SPDX-License-Identifier: MIT
#include "on_both.h"

namespace selfconnect::conformance {
namespace {

class BulkTest : public OnBothTest {
 protected:
  static constexpr std::size_t kAtLeast = 100'000, kChunk = 65'536;

  static char byte_at(std::size_t position) { return static_cast<char>(position * 31 / 7 % 251); }

  // Writes until EAGAIN; how much that was.
  static std::size_t fill(OnStack& on, int fd) {
    std::size_t sent = 0;
    while (true) {
      std::string chunk(kChunk, '\0');
      for (std::size_t index = 0; index < kChunk; ++index) chunk[index] = byte_at(sent + index);
      const ssize_t size = on.stack().send(fd, chunk.data(), chunk.size(), MSG_NOSIGNAL);
      if (size < 0) break;
      sent += static_cast<std::size_t>(size);
    }
    EXPECT_EQ(errno, EAGAIN);
    return sent;
  }

  // Reads until EAGAIN, and for as long as more comes in a moment.
  static std::size_t drain(OnStack& on, int fd) {
    std::size_t got = 0;
    std::string chunk(kChunk, '\0');
    while (on.ready(fd, POLLIN, std::chrono::milliseconds(300)) != 0) {
      const ssize_t size = on.stack().recv(fd, chunk.data(), chunk.size(), 0);
      if (size <= 0) break;
      for (ssize_t index = 0; index < size; ++index) {
        if (chunk[static_cast<std::size_t>(index)] != byte_at(got++)) return 0;
      }
    }
    return got;
  }

  static void fill_and_drain(OnStack& on, int writer, int reader) {
    const std::size_t sent = fill(on, writer);
    EXPECT_GT(sent, kAtLeast);
    EXPECT_EQ(on.ready(writer, POLLOUT), 0);
    EXPECT_EQ(drain(on, reader), sent);
    EXPECT_EQ(on.ready(writer, POLLOUT), POLLOUT);
  }
};

TEST_F(BulkTest, ASelfConnectionThatDoesNotReadStandsStill) {
  const auto body = [](OnStack on) {
    const int fd = on.self_connection(on.port(0));
    fill_and_drain(on, fd, fd);
    on.stack().close(fd);
  };
  on_kernel(body);
  if (!IsSkipped()) on_vnet(body);
}

TEST_F(BulkTest, AConnectionWhoseOtherEndDoesNotReadStandsStill) {
  const auto body = [](OnStack on) {
    const int server = on.listener(on.port(0), 8), client = on.socket();
    EXPECT_EQ(on.connect(client, on.port(0)), -1);
    const int accepted = on.stack().accept4(server, nullptr, nullptr, SOCK_NONBLOCK);
    fill_and_drain(on, client, accepted);
    for (const int fd : {server, client, accepted}) on.stack().close(fd);
  };
  on_kernel(body);
  if (!IsSkipped()) on_vnet(body);
}

}  // namespace
}  // namespace selfconnect::conformance
