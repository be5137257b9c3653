// Calls on sockets as values, and sequences of them: what is performed on the kernel and on the virtual network alike. Their text
// form is what a failure prints, and what can be replayed:
//
//   4: socket s0 block; bind s0 P0; connect s0 P0; send s0 5 - send; recv s0 100 - recv; close s0
//
// Descriptors are slots s0 to s5; a call on an empty one is made on descriptor -1. P0 to P2 are ports nobody else uses.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace selfconnect::conformance {

enum class Kind : std::uint8_t {
  kSocket,
  kBind,
  kConnect,
  kListen,
  kAccept,
  kSend,
  kRecv,
  kShutdown,
  kClose,
  kDup,
  kGetsockname,
  kGetpeername,
  kGetsockopt,
  kSetsockopt,
  kFcntl,
  kIoctl,
  kPoll,
  kSelect,
  kEpollCreate,
  kEpollCtl,
  kEpollWait,
};
inline constexpr std::size_t kKinds = 21;
inline constexpr std::size_t kMostOperands = 4;
inline constexpr std::size_t kSlots = 6;
inline constexpr std::size_t kPorts = 3;

// One of the values that an operand may have.
struct Named {
  std::string_view name;
  std::int64_t value = 0;
};
using Domain = std::span<const Named>;

struct Shape {
  std::string_view name;
  std::array<Domain, kMostOperands> operands;  // the empty ones at the end
};
[[nodiscard]] const Shape& shape_of(Kind kind);

struct Call {
  Kind kind = Kind::kSocket;
  std::array<std::uint8_t, kMostOperands> operands{};  // places in the domains

  [[nodiscard]] std::int64_t value(std::size_t operand) const {
    return shape_of(kind).operands[operand][operands[operand]].value;
  }
  bool operator==(const Call&) const = default;
};

// Which sockets and addresses.
enum class Flavour : std::uint8_t {
  kIpv4,    // AF_INET, 127.0.0.1
  kIpv6,    // AF_INET6, ::1
  kMapped,  // AF_INET6, ::ffff:127.0.0.1, and AF_INET beside it
};

struct Sequence {
  Flavour flavour = Flavour::kIpv4;
  // A socket without a port that dials P0 gets P0 where it is free, and is connected to itself.
  bool forced = false;
  std::vector<Call> calls;

  bool operator==(const Sequence&) const = default;
};

// What the socket operand of kSocket means.
inline constexpr std::int64_t kNonblocking = 1, kOtherFamily = 2;

// What the address operand of kBind and kConnect means: a kind of address, and a port.
namespace to {
inline constexpr std::int64_t kPortMask = 0xf;
inline constexpr std::int64_t kNoPort = 0xf;  // port 0
inline constexpr std::int64_t kLoopback = 0x00;
inline constexpr std::int64_t kAny = 0x10;        // 0.0.0.0, ::
inline constexpr std::int64_t kSecond = 0x20;     // 127.0.0.2, kSecondIpv6
inline constexpr std::int64_t kUnspec = 0x30;     // AF_UNSPEC
inline constexpr std::int64_t kUnspecAny = 0x70;  // AF_UNSPEC with 0.0.0.0 and P0: to bind(), AF_INET
inline constexpr std::int64_t kShort = 0x40;      // too short
inline constexpr std::int64_t kWrongFamily = 0x50;
inline constexpr std::int64_t kSlotsPort =
    0x60;  // the loopback, and the port that slot (value & kPortMask) is bound to
}  // namespace to
inline constexpr const char* kSecondIpv6 = "2001:db8::2";

// How much room the caller has for an address; kNoAddress: a null pointer, where that is allowed.
inline constexpr std::int64_t kFullRoom = sizeof(sockaddr_storage), kNoAddress = -2;

// Of kGetsockopt and kSetsockopt: level << 16 | name.
constexpr std::int64_t option(int level, int name) { return std::int64_t{level} << 16 | name; }

// Of kPoll, kSelect and kEpollWait.
inline constexpr std::int64_t kNoLimit = -1;

[[nodiscard]] std::string print(const Call& call);
[[nodiscard]] std::string print(const Sequence& sequence);
// An error names the word that is not understood.
[[nodiscard]] std::expected<Sequence, std::string> parse(std::string_view text);

}  // namespace selfconnect::conformance
