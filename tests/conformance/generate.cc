// SPDX-License-Identifier: MIT
#include "generate.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <stdexcept>

#include "harness/sys/random_source.h"

namespace selfconnect::conformance {

namespace {

constexpr std::size_t kMostCalls = 24;

// How often each kind is drawn, where it is not left out.
constexpr std::uint8_t kWeights[kKinds] = {
    4,   // socket
    5,   // bind
    10,  // connect
    3,   // listen
    7,   // accept
    12,  // send
    12,  // recv
    7,   // shutdown
    7,   // close
    2,   // dup
    3,   // getsockname
    3,   // getpeername
    8,   // getsockopt
    6,   // setsockopt
    3,   // fcntl
    4,   // ioctl
    3,   // poll
    3,   // select
    2,   // epoll_create
    6,   // epoll_ctl
    8,   // epoll_wait
};

class Generator {
 public:
  Generator(std::uint64_t seed, Flavour flavour) : random_(seed) {
    sequence_.flavour = flavour;
    sequence_.forced = one_in(4);
    slots_ = 2 + random_.below(kSlots - 1);
    blocking_ = one_in(5);
    for (std::size_t kind = 0; kind < kKinds; ++kind)
      weights_[kind] = one_in(4) ? std::uint8_t{0} : kWeights[kind];
  }

  Sequence generate() {
    for (std::uint32_t count = random_.below(3); count > 0; --count) begin();
    const std::size_t most = 3 + random_.below(kMostCalls);
    while (sequence_.calls.size() < most) {
      if (one_in(12)) {
        begin();
      } else {
        sequence_.calls.push_back(any_call());
      }
    }
    return std::move(sequence_);
  }

 private:
  bool one_in(std::uint32_t count) { return random_.below(count) == 0; }
  std::string slot() { return fmt::format("s{}", random_.below(slots_)); }
  std::string socket_type() {
    const bool other = sequence_.flavour == Flavour::kMapped && one_in(4);
    return fmt::format("{}{}", blocking_ && !one_in(4) ? "block" : "nonblock", other ? "4" : "");
  }

  void add(const std::string& text) {
    auto parsed = parse("4: " + text);
    if (!parsed) throw std::logic_error(parsed.error());
    sequence_.calls.insert(sequence_.calls.end(), parsed->calls.begin(), parsed->calls.end());
  }

  // What it takes for something to happen at all.
  void begin() {
    const std::string one = slot(), two = slot(), three = slot();
    const char* const port = sequence_.forced || one_in(2) ? "P0" : "P1";
    const std::string reuse = one_in(3) ? fmt::format("setsockopt {} reuseaddr 1; ", one) : "";
    switch (random_.below(sequence_.forced ? 4 : 6)) {
      case 0:  // connected to itself, by a port it is bound to
        return add(fmt::format("socket {0} {1}; {2}bind {0} P0; connect {0} P0", one, socket_type(), reuse));
      case 1:  // dials what may be refused, or itself where that is forced
        return add(fmt::format("socket {0} {1}; connect {0} {2}", one, socket_type(), port));
      case 2:
        return add(fmt::format("socket {0} {1}; {3}bind {0} {2}; listen {0} {4}", one, socket_type(), port,
                               reuse, one_in(3) ? "0" : "8"));
      case 3:  // an accepted connection
        return add(
            fmt::format("socket {0} {1}; {6}bind {0} {3}; listen {0} 8; socket {2} {4}; connect {2} {3}; "
                        "accept {0} {5} -",
                        one, socket_type(), two, port, socket_type(), three, reuse));
      case 4:  // connected to itself, by a port that it was given
        return add(fmt::format("socket s0 {0}; bind s0 0; connect s0 @s0", socket_type()));
      default:
        return add(fmt::format("socket s1 {0}; listen s1 8; socket s0 {1}; connect s0 @s1", socket_type(),
                               socket_type()));
    }
  }

  Call any_call() {
    std::uint32_t all = 0;
    for (const std::uint8_t weight : weights_) all += weight;
    std::uint32_t drawn = all == 0 ? 0 : random_.below(all);
    std::size_t kind = 0;
    while (all != 0 && drawn >= weights_[kind]) drawn -= weights_[kind++];
    Call call{.kind = static_cast<Kind>(kind)};
    const Shape& shape = shape_of(call.kind);
    do {
      for (std::size_t operand = 0; operand < kMostOperands && !shape.operands[operand].empty(); ++operand) {
        call.operands[operand] = draw(shape.operands[operand].size());
      }
    } while (!reasonable(call));
    return call;
  }

  // The first values of a domain are the common ones.
  std::uint8_t draw(std::size_t size) {
    const auto bound = static_cast<std::uint32_t>(size);
    return static_cast<std::uint8_t>(size == kSlots ? random_.below(slots_)
                                     : one_in(3)    ? 0
                                                    : random_.below(bound));
  }

  // Not what would only cost time, and not what two stacks need not agree on.
  bool reasonable(const Call& call) {
    const auto last = [&](std::size_t operand) { return call.value(operand) == kNoLimit; };
    switch (call.kind) {
      case Kind::kSocket:
        return (call.value(1) & kNonblocking) != 0 || blocking_;
      case Kind::kConnect:
        // Where P0 is forced, a socket that dials another port gets P0 too.
        return !sequence_.forced || call.value(1) == (to::kLoopback | 0) || call.value(1) == (to::kAny | 0) ||
               call.value(1) == to::kUnspec;
      case Kind::kSetsockopt:
        return call.value(1) != option(IPPROTO_TCP, TCP_NODELAY);  // see Client::socket()
      case Kind::kPoll:
      case Kind::kSelect:
        return !last(3) || blocking_;
      case Kind::kEpollWait:
        return !last(2) || blocking_;
      default:
        return true;
    }
  }

  RandomSource random_;
  Sequence sequence_;
  std::uint32_t slots_ = 2;
  bool blocking_ = false;
  std::array<std::uint8_t, kKinds> weights_{};
};

}  // namespace

Sequence generate(std::uint64_t seed, Flavour flavour) {
  return Generator(RandomSource::mix(seed * 3 + static_cast<std::uint64_t>(flavour)), flavour).generate();
}

}  // namespace selfconnect::conformance
