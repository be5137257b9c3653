// The trace of one phase, as values: what the recorders saw, and all that the rules ever look at.
// Everything in it is bounded, and is saved and loaded again by trace_json.h. No descriptors, clocks or
// processes.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/net/tcp_state.h"
#include "harness/schedule/schedule.h"

namespace selfconnect {

// Time since the phase began, on the monotonic clock.
using Instant = std::chrono::nanoseconds;

// One launch of the target under one set of circumstances. The text form is that of the JSON contract.
enum class Phase {
  kRefused,
  kSelfConnect,
  kBind,
  kRecover,
  kHealthy,
  kSamePort,
  kSchedule,     // each attempt meets its event of Trace::schedule
  kSingleEvent,  // likewise, and the schedule is one event before the quiet window
};
[[nodiscard]] std::string_view phase_name(Phase phase);  // "refused", "self-connect", ...
[[nodiscard]] std::optional<Phase> phase_from_name(std::string_view name);
// A control shows how the target behaves without a self-connection, or with one event alone: refused, healthy, same-port,
// single-event.
[[nodiscard]] bool is_control(Phase phase);
[[nodiscard]] bool has_schedule(Phase phase);  // schedule, single-event

// What became of one connect().
enum class Outcome {
  kPending,        // no answer seen before the phase ended
  kRefused,        // RST answered the SYN
  kSelfConnected,  // local and remote address and port are equal, ESTABLISHED
  kAccepted,       // SYN-ACK of another socket
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

// How a connection ended, by the first FIN or RST seen on it.
enum class Ending { kOpen, kFin, kReset };
[[nodiscard]] std::string_view ending_name(Ending ending);

enum class Side { kTarget, kPeer };

// A secret of the user's, found in what the target sent to itself. The secret itself is not kept.
struct SecretSighting {
  std::size_t secret = 0;           // index of --secret, from 0
  std::string encoding;             // "plain" or "base64"
  std::uint64_t stream_offset = 0;  // bytes from the start of the connection's stream

  bool operator==(const SecretSighting&) const = default;
};

// One connect() of the target that put a SYN on the wire, and the connection that came of it.
struct Attempt {
  std::uint64_t number = 0;  // from 1, per destination
  Endpoint source;
  Endpoint destination;
  Instant at{};  // the SYN
  Outcome outcome = Outcome::kPending;
  std::optional<Instant> decided_at;  // RST, or SYN-ACK
  Ending ending = Ending::kOpen;
  std::optional<Instant> ended_at;  // the first FIN, or RST
  std::optional<Side> ended_by;     // who sent it; on a self-connection always the target
  std::uint64_t sent = 0;           // payload bytes, target to peer (on a self-connection: to itself)
  std::uint64_t received = 0;       // payload bytes, peer to target (on a self-connection: 0)
  std::string sent_head;            // the first kPayloadHead of them, secrets blacked out
  std::string received_head;
  std::optional<Instant> first_sent_at;
  std::vector<SecretSighting> secrets;

  bool operator==(const Attempt&) const = default;
};
inline constexpr std::size_t kPayloadHead = 4096;

// The attempts of a phase: counts of all, details of the first and the last ones and of the self-connections.
struct AttemptLog {
  std::uint64_t total = 0;
  std::uint64_t refused = 0;
  std::uint64_t self_connected = 0;
  std::uint64_t accepted = 0;
  std::uint64_t pending = 0;
  std::optional<Instant> first_at, last_at;  // of all attempts
  std::vector<Attempt> kept;  // in order of `at`; fewer than `total` when some were only counted

  bool operator==(const AttemptLog&) const = default;
};

// One line of the kernel's socket table (sock_diag(7)).
struct SocketLine {
  Instant at{};
  TcpState state = TcpState::kClose;
  Endpoint local;
  Endpoint remote;
  std::uint32_t inode = 0;          // 0 for TIME_WAIT
  std::uint32_t receive_queue = 0;  // bytes
  std::uint32_t send_queue = 0;     // bytes

  // As `ss -tan` prints it: "ESTAB 0 0 127.0.0.1:50000 127.0.0.1:50000 ino:123".
  [[nodiscard]] std::string text() const;
  bool operator==(const SocketLine&) const = default;
};

// The namespace's TCP counters (/proc/net/snmp, RFC 4022 names), as growth since the phase began.
struct TcpCounters {
  std::uint64_t active_opens = 0;  // attempts, but for those that ended in EADDRNOTAVAIL
  std::uint64_t passive_opens = 0;
  std::uint64_t attempt_fails = 0;
  std::uint64_t in_segs = 0;
  std::uint64_t out_segs = 0;
  std::uint64_t out_rsts = 0;

  bool operator==(const TcpCounters&) const = default;
};

// One process of the target, read from /proc at one moment.
struct ProcessSample {
  Instant at{};
  std::uint64_t attempts = 0;  // active_opens by then
  std::int32_t pid = 0;        // as the host sees it
  std::string name;            // comm
  char state = '?';            // R, S, D, Z, ... (proc(5))
  std::uint32_t descriptors = 0;
  std::uint64_t resident_bytes = 0;
  std::chrono::nanoseconds cpu{};  // user + system time since the process began

  bool operator==(const ProcessSample&) const = default;
};

// A stream of the target's output: its first and last bytes, and how many there were in all.
struct OutputText {
  std::string head;  // secrets blacked out
  std::string tail;  // empty unless total > head.size()
  std::uint64_t total = 0;

  bool operator==(const OutputText&) const = default;
};

// A bind() and listen() on the target's port, as a starting server would do it.
struct BindTry {
  Instant at{};
  Endpoint endpoint;
  bool reuse_address = true;  // SO_REUSEADDR, as servers set it
  int error = 0;              // errno of bind or listen; 0: it worked
  bool target_alive = false;
  std::optional<SocketLine> blocker;  // the target's socket that stood in the way, by sock_diag

  bool operator==(const BindTry&) const = default;
};

// What the far end did: the built-in peer, or the user's server command.
struct ServerEvent {
  enum class What { kStarted, kListening, kBindBlocked, kTimeWaitBlocked, kTimeWaitRemoved, kEnded };
  Instant at{};
  What what = What::kStarted;
  std::string detail;

  bool operator==(const ServerEvent&) const = default;
};
[[nodiscard]] std::string_view server_event_name(ServerEvent::What what);

// What the far end saw of a connection, and did on it, in order; neighbours of one kind are one.
struct PeerMove {
  enum class What { kReceived, kSent, kFinReceived, kFinSent, kResetReceived, kResetSent };
  What what = What::kReceived;
  std::uint64_t bytes = 0;  // kReceived and kSent

  bool operator==(const PeerMove&) const = default;
};
[[nodiscard]] std::string_view peer_move_name(PeerMove::What what);  // "received", "fin-sent", ...

struct PeerView {
  std::vector<PeerMove> moves;  // at most kMostPeerMoves
  std::uint64_t received = 0;   // bytes
  std::uint64_t sent = 0;       // bytes

  bool operator==(const PeerView&) const = default;
};
inline constexpr std::size_t kMostPeerMoves = 64;

// One attempt under a schedule: what it was to meet, and what it met.
struct ScheduledAttempt {
  std::uint64_t number = 0;  // from 1, per destination
  Endpoint destination;
  Event event;
  // Why it was refused instead: "port 50000 is held by the target's own self-connection of attempt 3". Empty: it met `event`.
  std::string instead;
  std::optional<std::uint64_t> held_by;  // attempt 3 of that example, where it is the reason
  std::uint16_t source_port = 0;         // 0: the socket got none (exhausted)
  Instant at{};                          // when its connect() was stopped
  std::optional<PeerView> peer;          // where it was accepted

  bool operator==(const ScheduledAttempt&) const = default;
};
inline constexpr std::size_t kMostScheduledKept = 65'536;

// What the target had open at one moment: when its first bytes came on the connection of an attempt in the quiet window, and before
// they were answered.
struct HeldSockets {
  Instant at{};
  Endpoint destination;
  std::uint64_t attempt = 0;  // whose bytes came
  std::vector<std::uint64_t>
      ended;                      // earlier attempts to `destination` whose connections had ended, or failed,
                                  // and whose sockets were still open
  std::uint32_t descriptors = 0;  // of the process

  bool operator==(const HeldSockets&) const = default;
};

// How the target's first process ended.
struct Ended {
  enum class How {
    kExit,     // by itself, with code
    kSignal,   // killed by signal `code`, which the harness did not send
    kStopped,  // by the harness: question decided, deadline, or interrupted
  };
  How how = How::kStopped;
  int code = 0;  // exit code, or signal number; 0 when stopped
  Instant at{};
  // kStopped only: "decided", "timeout", "interrupted", or "blocked": all its threads waited without a time limit, and
  // nothing that they waited for could come.
  std::string stop_reason;

  bool operator==(const Ended&) const = default;
};
[[nodiscard]] std::string_view ended_name(Ended::How how);  // "exit", "signal", "stopped"

// How the attempts of a phase were seen.
enum class AttemptsFrom {
  kPackets,
  kCalls,  // at connect() itself, where no packets can be captured: payload is not seen, nor how the far end closes
};
[[nodiscard]] std::string_view attempts_from_name(AttemptsFrom from);  // "packets", "calls"

// A phase, recorded from launch to end.
struct Trace {
  Phase phase = Phase::kRefused;
  std::optional<Endpoint> destination;    // the one this phase is about; none in `refused`
  std::chrono::nanoseconds timeout{};     // the longest it might have taken
  bool forced = false;                    // the world forced self-connects from launch on
  std::optional<Instant> unforced_at;     // forcing was taken off, while the target lived
  std::optional<Instant> stop_signal_at;  // the harness first signalled the target

  Schedule schedule;                        // kSchedule and kSingleEvent
  std::vector<ScheduledAttempt> scheduled;  // in order of `at`; the first kMostScheduledKept
  std::optional<HeldSockets> held;

  AttemptsFrom attempts_from = AttemptsFrom::kPackets;
  AttemptLog attempts;
  std::vector<SocketLine> sockets;  // of self-connections: the first and the newest that were seen
  TcpCounters counters;
  std::vector<ProcessSample> samples;  // in order of `at`, bounded by thinning
  std::vector<BindTry> bind_tries;
  std::vector<ServerEvent> server;
  OutputText out, err;
  Ended ended;
  std::vector<std::string> left_behind;  // names of processes alive after the target had ended by itself
  std::uint64_t packets = 0;             // captured
  std::uint64_t packets_lost = 0;  // the kernel had no room for: `attempts` may lack some, `counters` none
  std::uint64_t packets_left_out = 0;  // captured and counted, but not in packets.pcap, which is bounded

  bool operator==(const Trace&) const = default;
};

// Whether the target ends by itself when nothing listens, or stays and tries again.
enum class Kind { kUnknown, kOneShot, kReconnector };
[[nodiscard]] std::string_view kind_name(Kind kind);  // "unknown", "one-shot", "reconnector"

// All traces of one `check`, with what of the call the rules need. `judge DIR` loads exactly this.
struct Run {
  std::vector<std::string> command;  // secrets blacked out
  std::uint64_t seed = 0;
  Kind kind = Kind::kUnknown;   // as given, else as learned in `refused`
  std::string success_pattern;  // regular expression (harness/sys/pattern.h); empty: not given
  std::size_t secret_count = 0;
  bool has_host_placeholder = false;   // the command has `{host}`
  std::vector<Endpoint> destinations;  // learned, in order of first attempt
  std::string engine = "range";
  std::string engine_reason;  // "asked for", or why it is the best here; empty: not known
  std::string isolation = "netns";
  std::string kernel;                                  // uname -r
  std::vector<Trace> traces;                           // in the order run
  std::vector<std::pair<Phase, std::string>> not_run;  // phases left out, and why

  bool operator==(const Run&) const = default;
};

}  // namespace selfconnect
