// A message with descriptors over a Unix socket (unix(7), SCM_RIGHTS). Allocates nothing and throws nothing, so it may
// be used between fork and exec.
// SPDX-License-Identifier: MIT
#pragma once

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>

namespace selfconnect {

inline constexpr std::size_t kMostDescriptors = 8;  // in one message

// The first `size` bytes of the value. Returns false with errno set. A reader that is gone is an error, no signal.
template <class Message>
[[nodiscard]] bool send_message(int socket, const Message& value, std::span<const int> descriptors = {},
                                std::size_t size = sizeof(Message)) {
  iovec data{const_cast<Message*>(&value), size};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> ancillary{};
  if (!descriptors.empty()) {
    message.msg_control = ancillary.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(size);
}

// What recv_message found: the number of bytes read (0: the other end is closed; -1: errno says why) and of descriptors
// that came along, now the caller's, close-on-exec.
struct Received {
  ssize_t size = 0;
  std::array<int, kMostDescriptors> descriptors{};
  std::size_t count = 0;
};

template <class Message>
[[nodiscard]] Received receive_message(int socket, Message& value) {
  iovec data{&value, sizeof(value)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> ancillary{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  Received received;
  do {
    received.size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (received.size < 0 && errno == EINTR);
  if (received.size < 0) return received;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    received.count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(received.descriptors.data(), CMSG_DATA(header), received.count * sizeof(int));
  }
  return received;
}

}  // namespace selfconnect
