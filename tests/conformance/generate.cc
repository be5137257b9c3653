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

constexpr std::size_t kMostCalls = 36;

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

// What a slot is thought to hold. The calls may have failed; most have not.
enum class Held : std::uint8_t { kNothing, kSocket, kListener, kConnection, kEpoll };

// What each kind of call is of, as a rule.
Held wanted_of(Kind kind) {
  switch (kind) {
    case Kind::kAccept:
      return Held::kListener;
    case Kind::kBind:
    case Kind::kConnect:
    case Kind::kListen:
      return Held::kSocket;
    case Kind::kSend:
    case Kind::kRecv:
    case Kind::kShutdown:
      return Held::kConnection;
    case Kind::kEpollCtl:
    case Kind::kEpollWait:
      return Held::kEpoll;
    default:
      return Held::kNothing;
  }
}

constexpr std::int64_t kAmpleBacklog = 8;  // more than there are slots
constexpr std::uint8_t kWeightOfEpollWait = 25;

class Generator {
 public:
  Generator(std::uint64_t seed, Flavour flavour) : random_(seed) {
    sequence_.flavour = flavour;
    sequence_.forced = one_in(4);
    slots_ = 2 + random_.below(kSlots - 1);
    blocking_ = one_in(5);
    waits_for_all_ = one_in(2);
    for (std::size_t kind = 0; kind < kKinds; ++kind)
      weights_[kind] = one_in(4) ? std::uint8_t{0} : kWeights[kind];
    epoll_ = one_in(3);
    if (epoll_) weights_[static_cast<std::size_t>(Kind::kEpollWait)] = kWeightOfEpollWait;
  }

  Sequence generate() {
    const std::size_t most = 4 + random_.below(kMostCalls);
    if (epoll_) add(fmt::format("epoll_create s{}", random_.below(slots_)));
    for (std::uint32_t count = random_.below(3); count > 0; --count) begin();
    while (sequence_.calls.size() < most) {
      if (one_in(12)) {
        begin();
      } else if (epoll_ && one_in(8)) {
        watch();
      } else {
        add(any_call());
      }
    }
    return std::move(sequence_);
  }

 private:
  bool one_in(std::uint32_t count) { return random_.below(count) == 0; }

  void add(const Call& call) {
    sequence_.calls.push_back(call);
    const auto slot = [&](std::size_t operand) -> Held& {
      return held_[static_cast<std::size_t>(call.value(operand))];
    };
    switch (call.kind) {
      case Kind::kSocket:
        slot(0) = Held::kSocket;
        break;
      case Kind::kConnect:
        slot(0) = call.value(1) == to::kUnspec ? Held::kSocket : Held::kConnection;
        break;
      case Kind::kListen:
        slot(0) = Held::kListener;
        break;
      case Kind::kAccept:
        slot(1) = Held::kConnection;
        break;
      case Kind::kDup:
        slot(1) = slot(0);
        break;
      case Kind::kClose:
        slot(0) = Held::kNothing;
        break;
      case Kind::kEpollCreate:
        slot(0) = Held::kEpoll;
        break;
      default:
        break;
    }
  }

  void add(const std::string& text) {
    const auto parsed = parse("4: " + text);
    if (!parsed) throw std::logic_error(parsed.error());
    for (const Call& call : parsed->calls) add(call);
  }

  // A slot of those that `fits` says; any one where there is none.
  template <class Fits>
  std::uint32_t slot_where(const Fits& fits) {
    std::array<std::uint32_t, kSlots> found{};
    std::uint32_t count = 0;
    for (std::uint32_t slot = 0; slot < slots_; ++slot) {
      if (fits(held_[slot])) found[count++] = slot;
    }
    return count == 0 ? random_.below(slots_) : found[random_.below(count)];
  }
  std::uint32_t free_slot() {
    return slot_where([](Held held) { return held == Held::kNothing; });
  }
  std::uint32_t slot_for(Held wanted) {
    if (one_in(40)) return random_.below(slots_);
    if (wanted != Held::kNothing && !one_in(8) && std::ranges::count(held_, wanted) != 0) {
      return slot_where([&](Held held) { return held == wanted; });
    }
    return slot_where([](Held held) { return held != Held::kNothing && held != Held::kEpoll; });
  }

  std::string socket_type() {
    const bool other = sequence_.flavour == Flavour::kMapped && one_in(4);
    return fmt::format("{}{}", blocking_ && !one_in(4) ? "block" : "nonblock", other ? "4" : "");
  }
  // "s1", and what makes a socket of it.
  std::string new_socket(std::string& slot) {
    const std::uint32_t number = free_slot();
    slot = fmt::format("s{}", number);
    held_[number] = Held::kSocket;
    return fmt::format("socket {} {}; ", slot, socket_type());
  }

  // What it takes for something to happen at all.
  void begin() {
    std::string one, two;
    const std::string first = new_socket(one);
    const std::string_view port = sequence_.forced || one_in(2) ? "P0" : "P1";
    std::string set = one_in(3) ? fmt::format("setsockopt {} reuseaddr 1 -; ", one) : "";
    if (blocking_ && one_in(6)) set += fmt::format("setsockopt {} rcvtimeo 2 -; ", one);
    switch (random_.below(sequence_.forced ? 5 : 7)) {
      case 0:  // connected to itself, by a port it is bound to
        return add(fmt::format("{}{}bind {} P0; connect {} P0", first, set, one, one));
      case 1:  // dials what may be refused, or itself where that is forced
        return add(fmt::format("{}{}connect {} {}", first, set, one, port));
      case 2:
        return add(fmt::format("{}{}bind {} {}; listen {} {}", first, set, one, port, one,
                               waits_for_all_ || !one_in(3) ? "8" : "0"));
      case 3:  // an accepted connection
      case 4: {
        const std::string second = new_socket(two);
        const std::string bound = !sequence_.forced && one_in(3) ? fmt::format("bind {} P2; ", two) : "";
        return add(fmt::format("{}{}bind {} {}; listen {} 8; {}{}connect {} {}; accept {} s{} - -", first,
                               set, one, port, one, second, bound, two, port, one, free_slot()));
      }
      case 5:  // connected to itself, by a port that it was given
        if (one > "s2") return add(first);
        return add(fmt::format("{}bind {} 0; connect {} @{}", first, one, one, one));
      default: {
        if (one > "s2") return add(first);
        const std::string second = new_socket(two);
        return add(fmt::format("{}listen {} 8; {}connect {} @{}", first, one, second, two, one));
      }
    }
  }

  void watch() {
    Call call{.kind = Kind::kEpollCtl};
    draw_operands(call);
    call.operands[0] = static_cast<std::uint8_t>(slot_where([](Held held) { return held == Held::kEpoll; }));
    call.operands[1] = 0;
    add(call);
  }

  Call any_call() {
    std::uint32_t all = 0;
    for (const std::uint8_t weight : weights_) all += weight;
    std::uint32_t drawn = all == 0 ? 0 : random_.below(all);
    std::size_t kind = 0;
    while (all != 0 && drawn >= weights_[kind]) drawn -= weights_[kind++];
    Call call{.kind = static_cast<Kind>(kind)};
    if (wanted_of(call.kind) == Held::kEpoll && !one_in(10) && std::ranges::count(held_, Held::kEpoll) == 0)
      call.kind = Kind::kEpollCreate;
    do {
      draw_operands(call);
    } while (!reasonable(call));
    return call;
  }

  void draw_operands(Call& call) {
    const Shape& shape = shape_of(call.kind);
    for (std::size_t operand = 0; operand < kMostOperands && !shape.operands[operand].empty(); ++operand) {
      const std::size_t size = shape.operands[operand].size();
      std::uint32_t place = one_in(3) ? 0 : random_.below(static_cast<std::uint32_t>(size));
      if (size == kSlots) place = draw_slot(call.kind, operand);
      call.operands[operand] = static_cast<std::uint8_t>(place);
    }
  }

  std::uint32_t draw_slot(Kind kind, std::size_t operand) {
    const bool into = kind == Kind::kSocket || kind == Kind::kEpollCreate ||
                      ((kind == Kind::kAccept || kind == Kind::kDup) && operand == 1);
    if (into) return one_in(kind == Kind::kDup ? 2 : 10) ? random_.below(slots_) : free_slot();
    const bool nested = kind == Kind::kEpollCtl && operand == 2 && one_in(8);
    return slot_for(operand == 0 ? wanted_of(kind) : nested ? Held::kEpoll : Held::kNothing);
  }

  // Not what would only cost time, and not what two stacks need not agree on.
  bool reasonable(const Call& call) {
    switch (call.kind) {
      case Kind::kSocket:
        return (call.value(1) & kNonblocking) != 0 || blocking_;
      case Kind::kConnect:
        // Where P0 is forced, a socket that dials another port gets P0 too.
        return !sequence_.forced || call.value(1) == (to::kLoopback | 0) || call.value(1) == (to::kAny | 0) ||
               call.value(1) == to::kUnspec;
      case Kind::kListen:
        return !waits_for_all_ || call.value(1) == kAmpleBacklog;
      case Kind::kRecv:
        return waits_for_all_ || (call.value(2) & MSG_WAITALL) == 0 || (call.value(2) & MSG_DONTWAIT) != 0;
      case Kind::kSetsockopt:
        return call.value(1) != option(IPPROTO_TCP, TCP_NODELAY);  // see Client::socket()
      case Kind::kPoll:
      case Kind::kSelect:
        return call.value(3) == 0 || (blocking_ && one_in(3));
      case Kind::kEpollWait:
        return call.value(2) == 0 || (blocking_ && one_in(3));
      default:
        return true;
    }
  }

  RandomSource random_;
  Sequence sequence_;
  std::uint32_t slots_ = 2;
  bool blocking_ = false;
  // MSG_WAITALL may be used, and then no SYN is ever sent again: in virtual time a call that waits would meet it, and the virtual side
  // ends such a call by an exception, with which bytes would be lost.
  bool waits_for_all_ = false;
  bool epoll_ = false;  // some descriptors are watched
  std::array<std::uint8_t, kKinds> weights_{};
  std::array<Held, kSlots> held_{};
};

}  // namespace

Sequence generate(std::uint64_t seed, Flavour flavour) {
  return Generator(RandomSource::mix(seed * 3 + static_cast<std::uint64_t>(flavour)), flavour).generate();
}

}  // namespace selfconnect::conformance
