// The calls that move bytes. Each send has a letter of its own, so that what is read says who wrote it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "client.h"
#include "client_text.h"

namespace selfconnect::conformance {

namespace {

// `bytes` in two parts, as vectors are made of.
std::array<iovec, 2> in_two_parts(std::string& bytes) {
  const std::size_t first = bytes.size() / 2;
  return {{{.iov_base = bytes.data(), .iov_len = first},
           {.iov_base = bytes.data() + first, .iov_len = bytes.size() - first}}};
}

}  // namespace

std::string Client::send(const Call& call) {
  std::string bytes(static_cast<std::size_t>(call.value(1)), static_cast<char>('a' + sends_++ % 26));
  const int flags = static_cast<int>(call.value(2)), to = fd(call);
  std::array<iovec, 2> parts = in_two_parts(bytes);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  switch (call.value(3)) {
    case 1:
      return result_text(stack_.write(to, bytes.data(), bytes.size()));
    case 2:
      return result_text(stack_.writev(to, parts.data(), static_cast<int>(parts.size())));
    case 3:
      return result_text(stack_.sendmsg(to, &message, flags));
    case 4: {
      const Address elsewhere = address(to, to::kLoopback | 2);  // which a connected socket does not look at
      return result_text(stack_.sendto(to, bytes.data(), bytes.size(), flags,
                                       reinterpret_cast<const sockaddr*>(&elsewhere.storage),
                                       elsewhere.length));
    }
    default:
      return result_text(stack_.send(to, bytes.data(), bytes.size(), flags));
  }
}

std::string Client::recv(const Call& call) {
  std::string bytes(static_cast<std::size_t>(call.value(1)), '.');
  // To wait for no bytes ends with whatever wakes the socket, an ACK too.
  const int flags = static_cast<int>(call.value(2)) | (bytes.empty() ? MSG_DONTWAIT : 0), from = fd(call);
  std::array<iovec, 2> parts = in_two_parts(bytes);
  Address peer{.length = sizeof(sockaddr_storage)};
  auto* const storage = reinterpret_cast<sockaddr*>(&peer.storage);
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  message.msg_name = storage;
  message.msg_namelen = peer.length;
  ssize_t result = 0;
  std::string more;
  switch (call.value(3)) {
    case 1:
      result = stack_.read(from, bytes.data(), bytes.size());
      break;
    case 2:
      result = stack_.readv(from, parts.data(), static_cast<int>(parts.size()));
      break;
    case 3:
      result = stack_.recvmsg(from, &message, flags);
      if (result >= 0)
        more =
            fmt::format(" from {} flags {:#x}", name(peer.storage, message.msg_namelen), message.msg_flags);
      break;
    case 4:
      result = stack_.recvfrom(from, bytes.data(), bytes.size(), flags, storage, &peer.length);
      if (result >= 0) more = " from " + name(peer.storage, peer.length);
      break;
    default:
      result = stack_.recv(from, bytes.data(), bytes.size(), flags);
      break;
  }
  std::string text = result_text(result);
  if (result > 0)
    text += ' ' + bytes_text({bytes.data(), std::min(static_cast<std::size_t>(result), bytes.size())});
  return text + more;
}

}  // namespace selfconnect::conformance
