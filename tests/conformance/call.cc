// SPDX-License-Identifier: MIT
#include "call.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace selfconnect::conformance {

namespace {

constexpr Named kSlot[] = {{"s0", 0}, {"s1", 1}, {"s2", 2}, {"s3", 3}, {"s4", 4}, {"s5", 5}};
constexpr Named kSocketType[] = {{"block", 0},
                                 {"nonblock", kNonblocking},
                                 {"block4", kOtherFamily},
                                 {"nonblock4", kNonblocking | kOtherFamily}};
constexpr Named kAddress[] = {
    {"P0", to::kLoopback | 0},          {"P1", to::kLoopback | 1},      {"P2", to::kLoopback | 2},
    {"0", to::kLoopback | to::kNoPort}, {"*:P0", to::kAny | 0},         {"*:P1", to::kAny | 1},
    {"*:0", to::kAny | to::kNoPort},    {"second:P0", to::kSecond | 0}, {"@s0", to::kSlotsPort | 0},
    {"@s1", to::kSlotsPort | 1},        {"@s2", to::kSlotsPort | 2},    {"unspec", to::kUnspec},
    {"unspec:*:P0", to::kUnspecAny},    {"short", to::kShort},          {"family:P0", to::kWrongFamily}};
constexpr Named kRoomForAddress[] = {
    {"-", kFullRoom}, {"short", 6}, {"none", 0}, {"negative", -1}, {"null", kNoAddress}};
constexpr Named kBacklog[] = {{"0", 0}, {"1", 1}, {"8", 8}, {"-1", -1}};
constexpr Named kAcceptFlags[] = {
    {"-", 0}, {"nonblock", SOCK_NONBLOCK}, {"cloexec", SOCK_CLOEXEC}, {"bad", 1}};
constexpr Named kSize[] = {{"1", 1},   {"0", 0},     {"3", 3},         {"5", 5},
                           {"40", 40}, {"700", 700}, {"20000", 20'000}};
constexpr Named kSendFlags[] = {{"-", 0}, {"nosignal", MSG_NOSIGNAL}, {"dontwait", MSG_DONTWAIT}};
constexpr Named kSendForm[] = {{"send", 0}, {"write", 1}, {"writev", 2}, {"sendmsg", 3}, {"sendto", 4}};
constexpr Named kRecvFlags[] = {{"-", 0},
                                {"dontwait", MSG_DONTWAIT},
                                {"peek", MSG_PEEK},
                                {"waitall", MSG_WAITALL},
                                {"trunc", MSG_TRUNC},
                                {"peek+waitall", MSG_PEEK | MSG_WAITALL},
                                {"peek+trunc", MSG_PEEK | MSG_TRUNC},
                                {"waitall+dontwait", MSG_WAITALL | MSG_DONTWAIT},
                                {"cloexec", MSG_CMSG_CLOEXEC}};
constexpr Named kRecvForm[] = {{"recv", 0}, {"read", 1}, {"readv", 2}, {"recvmsg", 3}, {"recvfrom", 4}};
constexpr Named kHow[] = {{"wr", SHUT_WR}, {"rd", SHUT_RD}, {"rdwr", SHUT_RDWR}, {"bad", 7}};
constexpr Named kOption[] = {
    {"error", option(SOL_SOCKET, SO_ERROR)},         {"tcp-state", option(IPPROTO_TCP, TCP_INFO)},
    {"type", option(SOL_SOCKET, SO_TYPE)},           {"accepting", option(SOL_SOCKET, SO_ACCEPTCONN)},
    {"domain", option(SOL_SOCKET, SO_DOMAIN)},       {"protocol", option(SOL_SOCKET, SO_PROTOCOL)},
    {"reuseaddr", option(SOL_SOCKET, SO_REUSEADDR)}, {"linger", option(SOL_SOCKET, SO_LINGER)},
    {"keepalive", option(SOL_SOCKET, SO_KEEPALIVE)}, {"rcvtimeo", option(SOL_SOCKET, SO_RCVTIMEO)},
    {"sndtimeo", option(SOL_SOCKET, SO_SNDTIMEO)},   {"nodelay", option(IPPROTO_TCP, TCP_NODELAY)},
    {"keepidle", option(IPPROTO_TCP, TCP_KEEPIDLE)}, {"user-timeout", option(IPPROTO_TCP, TCP_USER_TIMEOUT)},
    {"v6only", option(IPPROTO_IPV6, IPV6_V6ONLY)}};
constexpr Named kOptionValue[] = {{"1", 1}, {"0", 0}, {"2", 2}, {"-1", -1}};
constexpr Named kRoomForValue[] = {{"-", kFullRoom}, {"2", 2}, {"0", 0}, {"-1", -1}};
constexpr Named kFcntl[] = {{"getfl", F_GETFL}, {"nonblock", F_SETFL << 8 | 1}, {"block", F_SETFL << 8 | 0},
                            {"getfd", F_GETFD}, {"cloexec", F_SETFD << 8 | 1},  {"inherit", F_SETFD << 8 | 0},
                            {"dup", F_DUPFD}};
constexpr Named kDupForm[] = {{"dup", 0}, {"dup2", 1}, {"dup3", 2}};
constexpr Named kIoctl[] = {
    {"fionread", FIONREAD}, {"nonblock", FIONBIO << 1 | 1}, {"block", FIONBIO << 1}, {"atmark", SIOCATMARK}};
constexpr Named kEvents[] = {{"in", POLLIN},
                             {"out", POLLOUT},
                             {"in+out", POLLIN | POLLOUT},
                             {"in+out+rdhup", POLLIN | POLLOUT | POLLRDHUP},
                             {"none", 0}};
constexpr Named kSelectSets[] = {{"r", 1}, {"w", 2}, {"rw", 3}, {"rwe", 7}};
constexpr Named kLimit[] = {{"0", 0}, {"2ms", 2}, {"ever", kNoLimit}};
constexpr Named kEpollOperation[] = {{"add", EPOLL_CTL_ADD}, {"mod", EPOLL_CTL_MOD}, {"del", EPOLL_CTL_DEL}};
constexpr std::int64_t kEdge = EPOLLET, kOnce = EPOLLONESHOT;
constexpr Named kEpollEvents[] = {{"in", EPOLLIN},
                                  {"out", EPOLLOUT},
                                  {"in+out", EPOLLIN | EPOLLOUT},
                                  {"in+out+rdhup", EPOLLIN | EPOLLOUT | EPOLLRDHUP},
                                  {"in+et", EPOLLIN | kEdge},
                                  {"out+et", EPOLLOUT | kEdge},
                                  {"in+out+rdhup+et", EPOLLIN | EPOLLOUT | EPOLLRDHUP | kEdge},
                                  {"in+once", EPOLLIN | kOnce},
                                  {"in+out+once", EPOLLIN | EPOLLOUT | kOnce},
                                  {"in+out+et+once", EPOLLIN | EPOLLOUT | kEdge | kOnce},
                                  {"rdhup", EPOLLRDHUP},
                                  {"none", 0}};
constexpr Named kRoom[] = {{"8", 8}, {"1", 1}, {"0", 0}};

constexpr Shape kShapes[kKinds] = {
    {"socket", {kSlot, kSocketType}},
    {"bind", {kSlot, kAddress}},
    {"connect", {kSlot, kAddress}},
    {"listen", {kSlot, kBacklog}},
    {"accept", {kSlot, kSlot, kAcceptFlags, kRoomForAddress}},  // of, into
    {"send", {kSlot, kSize, kSendFlags, kSendForm}},
    {"recv", {kSlot, kSize, kRecvFlags, kRecvForm}},
    {"shutdown", {kSlot, kHow}},
    {"close", {kSlot}},
    {"dup", {kSlot, kSlot, kDupForm}},  // of, into
    {"getsockname", {kSlot, kRoomForAddress}},
    {"getpeername", {kSlot, kRoomForAddress}},
    {"getsockopt", {kSlot, kOption, kRoomForValue}},
    {"setsockopt", {kSlot, kOption, kOptionValue, kRoomForValue}},
    {"fcntl", {kSlot, kFcntl}},
    {"ioctl", {kSlot, kIoctl}},
    {"poll", {kSlot, kSlot, kEvents, kLimit}},
    {"select", {kSlot, kSlot, kSelectSets, kLimit}},
    {"epoll_create", {kSlot}},
    {"epoll_ctl", {kSlot, kEpollOperation, kSlot, kEpollEvents}},
    {"epoll_wait", {kSlot, kRoom, kLimit}},
};

constexpr std::string_view kFlavours[] = {"4", "6", "mapped"};

// The next word of `text`, which goes on after it; empty at the end.
std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

std::unexpected<std::string> not_understood(std::string_view what, std::string_view word) {
  return std::unexpected(fmt::format("'{}' is not {}", word, what));
}

std::expected<Call, std::string> parse_call(std::string_view text) {
  const std::string_view name = next_word(text);
  const auto* const shape = std::ranges::find(kShapes, name, &Shape::name);
  if (shape == std::end(kShapes)) return not_understood("a call", name);
  Call call{.kind = static_cast<Kind>(shape - kShapes)};
  for (std::size_t operand = 0; operand < kMostOperands && !shape->operands[operand].empty(); ++operand) {
    const std::string_view word = next_word(text);
    const Domain domain = shape->operands[operand];
    const auto named = std::ranges::find(domain, word, &Named::name);
    if (named == domain.end())
      return not_understood(fmt::format("operand {} of {}", operand + 1, name), word);
    call.operands[operand] = static_cast<std::uint8_t>(named - domain.begin());
  }
  if (const std::string_view rest = next_word(text); !rest.empty())
    return not_understood(fmt::format("an operand of {}", name), rest);
  return call;
}

}  // namespace

const Shape& shape_of(Kind kind) { return kShapes[static_cast<std::size_t>(kind)]; }

std::string print(const Call& call) {
  const Shape& shape = shape_of(call.kind);
  std::string text(shape.name);
  for (std::size_t operand = 0; operand < kMostOperands && !shape.operands[operand].empty(); ++operand) {
    text += ' ';
    text += shape.operands[operand][call.operands[operand]].name;
  }
  return text;
}

std::string print(const Sequence& sequence) {
  std::string text(kFlavours[static_cast<std::size_t>(sequence.flavour)]);
  text += sequence.forced ? " forced:" : ":";
  for (std::size_t index = 0; index < sequence.calls.size(); ++index) {
    text += index == 0 ? " " : "; ";
    text += print(sequence.calls[index]);
  }
  return text;
}

std::expected<Sequence, std::string> parse(std::string_view text) {
  const std::size_t colon = text.find(": ");
  if (colon == std::string_view::npos) return not_understood("a sequence: '4: call; call ...'", text);
  std::string_view head = text.substr(0, colon);
  Sequence sequence;
  const std::string_view flavour = next_word(head);
  const auto* const known = std::ranges::find(kFlavours, flavour);
  if (known == std::end(kFlavours)) return not_understood("4, 6 or mapped", flavour);
  sequence.flavour = static_cast<Flavour>(known - kFlavours);
  if (const std::string_view forced = next_word(head); !forced.empty()) {
    if (forced != "forced") return not_understood("'forced'", forced);
    sequence.forced = true;
  }
  text.remove_prefix(colon + 1);
  while (text.find_first_not_of(" \n;") != std::string_view::npos) {
    const std::size_t end = std::min(text.find(';'), text.size());
    auto call = parse_call(text.substr(0, end));
    if (!call) return std::unexpected(call.error());
    sequence.calls.push_back(*call);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return sequence;
}

}  // namespace selfconnect::conformance
