// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "fuzz/vnet/session/lost_memory.h"
#include "fuzz/vnet/tcp_socket.h"

namespace selfconnect::vnet {

namespace {

std::vector<Step> steps_of(const std::string& answer) {
  if (answer.empty()) return {};
  auto steps = parse_steps(answer);
  if (steps) return *std::move(steps);
  std::fprintf(stderr, "vnet: the target's .answer: %s\n", steps.error().message(answer).c_str());
  std::exit(64);
}

void require_client(const FuzzTarget& target) {
  if ((target.run == nullptr) != (target.program == nullptr)) return;
  std::fprintf(stderr, "vnet: the target: expected either .run or .program\n");
  std::exit(64);
}

// From life to life. A sanitizer of the client's keeps what is freed for long, and what it gives instead is in no cache. Where it
// watches over this library too nothing is to escape it.
std::unique_ptr<std::pmr::memory_resource> memory_of_sockets() {
#if defined(__SANITIZE_ADDRESS__)  // g++
  return nullptr;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return nullptr;
#endif
#endif
  return std::make_unique<std::pmr::unsynchronized_pool_resource>();
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

Session::Session(const FuzzTarget& target)
    : target_(target),
      answer_(steps_of(target.answer)),
      port_text_(fmt::format("{}", target.port)),
      sockets_(memory_of_sockets()) {
  require_client(target);
  for (const std::string& argument : target.arguments) {
    arguments_.push_back(replaced(replaced(argument, "{host}", target.host), "{port}", port_text_));
  }
}

const Record& Session::play(Schedule schedule) {
  begin(std::move(schedule));
  Host host(*this, sockets_ != nullptr ? *sockets_ : *std::pmr::new_delete_resource());
  host.trace = trace;
  host_ = &host;
  run_client();
  finish();
  host_ = nullptr;
  return record_;
}

void Session::begin(Schedule schedule) {
  record_.schedule = std::move(schedule);
  record_.attempts.clear();
  record_.waits.clear();
  record_.stop.reset();
  record_.ending = Ending::kGaveUp;
  record_.ended = false;
  record_.dials_at_once = false;
  record_.dead_sockets.clear();
  record_.recovered.reset();
  length_ = length(record_.schedule);
  dialled_.clear();
  far_.clear();
  since_ = Time::zero();
  attempts_at_once_ = calls_at_once_ = calls_read_on_ = 0;
}

void Session::run_client() {
  const HostScope scope(*host_);
  // The mask of signals is not saved: nothing here changes it.
  if (sigsetjmp(leave_, 0) != 0) return;
  if (target_.run != nullptr) {
    record_.ending =
        target_.run({.host = target_.host.c_str(), .port = target_.port, .port_text = port_text_.c_str()});
  } else {
    record_.ending = run_program() == 0 ? Ending::kSuccess : Ending::kGaveUp;
    lose_memory();  // the kernel would have taken back what a program holds at its end
  }
  record_.ended = true;
}

int Session::run_program() {
  // Programs may write to their arguments. Nothing is held here: the program may be left by exits().
  words_ = arguments_;
  argv_.clear();
  for (std::string& word : words_) argv_.push_back(word.data());
  argv_.push_back(nullptr);
  optind = 0;  // getopt(3) begins anew
  return target_.program(static_cast<int>(words_.size()), argv_.data());
}

void Session::finish() {
  if (!record_.stop) {
    look_at_attempts();
    record_.ended_at = host_->now();
  }
  record_.descriptors = host_->descriptors().count();
}

void Session::exits(int status) {
  record_.ending = status == 0 ? Ending::kSuccess : Ending::kGaveUp;
  record_.ended = true;
  leave();
}

void Session::leave() {
  lose_memory();
  siglongjmp(leave_, 1);
}

std::uint64_t Session::next_number(const Endpoint& to) {
  for (auto& [endpoint, count] : dialled_) {
    if (endpoint == to) return ++count;
  }
  dialled_.emplace_back(to, 1);
  return 1;
}

Attempt Session::attempt(const Endpoint& to) {
  if (host_->network().ports().listener(to) != nullptr) return {};  // a matter of the client's own
  if (++attempts_at_once_ > kMostAttemptsAtOnce) stop(Stop::kAttempts);
  if (record_.attempts.size() >= kMostAttempts) stop(Stop::kTooMany);
  if (host_->descriptors().count() > 1) {
    for_each_socket([&](const TcpSocket& socket, std::size_t) {
      const bool up = socket.state() == TcpState::kEstablished || socket.state() == TcpState::kSynSent;
      record_.dials_at_once |= up && socket.remote() == to;
    });
  }
  const std::size_t index = record_.attempts.size();
  const std::uint64_t number = next_number(to);
  const bool quiet = number > length_;
  const Event& event = event_of(record_.schedule, number);
  if (!quiet) since_ = host_->now();
  // A self-connection is one when it is there.
  record_.attempts.push_back({.to = to,
                              .number = number,
                              .met = event.kind == EventKind::kSelf ? EventKind::kRefuse : event.kind,
                              .quiet = quiet,
                              .at = host_->now()});
  if (trace != nullptr) {
    *trace +=
        fmt::format("{:.9f} attempt {} to {}: {}\n", std::chrono::duration<double>(host_->now()).count(),
                    number, to.text(), print(event));
  }
  Attempt attempt = attempt_for(event, index + 1);
  attempt.source = Attempt::Source::kDialled;
  return attempt;
}

Attempt Session::attempt_for(const Event& event, std::uint64_t number) {
  far_.push_back(nullptr);
  switch (event.kind) {
    case EventKind::kRefuse:
      return {.number = number, .syn = Attempt::Syn::kRefused};
    case EventKind::kSelf:
      return {.number = number, .port = Attempt::Port::kCleared, .syn = Attempt::Syn::kRefused};
    case EventKind::kDrop:
      return {.number = number, .syn = Attempt::Syn::kDropped};
    case EventKind::kExhausted:
      return {.number = number, .port = Attempt::Port::kExhausted, .syn = Attempt::Syn::kRefused};
    default:
      return {.number = number, .syn = Attempt::Syn::kAccepted, .far_end = far_end_of(event, answer_)};
  }
}

template <class What>
void Session::for_each_socket(const What& what) {
  const Descriptors& descriptors = host_->descriptors();
  int left = descriptors.count();
  for (int fd = Descriptors::kFirst; left > 0 && fd <= Descriptors::kLast; ++fd) {
    const File* file = descriptors.find(fd);
    if (file == nullptr) continue;
    --left;
    if (file->kind() != File::Kind::kTcp) continue;
    const auto& socket = static_cast<const TcpSocket&>(*file);
    if (socket.attempt() > 0) what(socket, socket.attempt() - 1);
  }
}

void Session::look_at_attempts() {
  for (std::size_t index = 0; index < record_.attempts.size(); ++index) {
    AttemptRecord& attempt = record_.attempts[index];
    attempt.held = false;
    if (far_[index] != nullptr) attempt.answered = far_[index]->sent();
  }
  for_each_socket([&](const TcpSocket&, std::size_t index) { record_.attempts[index].held = true; });
}

void Session::look_for_dead_sockets(const Endpoint& to) {
  for_each_socket([&](const TcpSocket& socket, std::size_t index) {
    const bool dead = socket.state() == TcpState::kClose || socket.state() == TcpState::kCloseWait;
    if (dead && record_.attempts[index].to == to) record_.dead_sockets.push_back(index);
  });
}

void Session::connected(const TcpSocket& socket) {
  if (socket.attempt() > 0 && socket.is_connected_to_itself())
    record_.attempts[socket.attempt() - 1].met = EventKind::kSelf;
}

void Session::accepted(const TcpSocket& socket, FarConnection& by) { far_[socket.attempt() - 1] = &by; }

void Session::wrote(const TcpSocket& socket, std::string_view bytes) {
  if (socket.attempt() == 0) return;
  const std::size_t index = socket.attempt() - 1;
  AttemptRecord& attempt = record_.attempts[index];
  attempt.sent.append(bytes.substr(0, kMostSentKept - std::min(kMostSentKept, attempt.sent.size())));
  if (attempt.quiet && !record_.recovered) {
    record_.recovered = index;
    if (host_->descriptors().count() > 1) look_for_dead_sockets(attempt.to);
  }
}

void Session::was_read(const TcpSocket& socket, std::string_view /*bytes*/) {
  if (!socket.is_connected_to_itself()) calls_read_on_ = calls_at_once_;
}

void Session::called(const char* /*name*/) {
  ++calls_at_once_;
  if (calls_at_once_ - calls_read_on_ > kMostCallsAtOnce) stop(Stop::kCalls);
  if (calls_at_once_ % kMostTalkAtOnce != 0) return;
  if (is_content()) exits(0);
  if (calls_at_once_ > 10 * kMostCallsAtOnce) stop(Stop::kTooMany);
}

void Session::raised(int signal) {
  struct sigaction action{};
  sigaction(signal, nullptr, &action);
  if (action.sa_handler == SIG_DFL) stop(Stop::kSignal);
  std::raise(signal);
}

void Session::time_moves(Time to) {
  attempts_at_once_ = calls_at_once_ = calls_read_on_ = 0;
  if (to - since_ <= target_.patience) return;
  stuck(Stop::kPatience);
  since_ = to;  // it was helped on
}

bool Session::stands_still() { return stuck(Stop::kStandstill); }

// An answer may still come there, as far as the client knows.
bool Session::may_wait_on(std::size_t index) const {
  const AttemptRecord& attempt = record_.attempts[index];
  if (!attempt.held || attempt.pulled || far_[index] == nullptr || !far_[index]->is_open()) return false;
  if (attempt.met != EventKind::kServe) return may_wait_after(attempt.met);
  return attempt.answered == 0 && !attempt.sent.empty();
}

// It has what it wanted, and stays.
bool Session::is_content() {
  if (!target_.stays) return false;
  look_at_attempts();
  return std::ranges::any_of(record_.attempts, [](const AttemptRecord& attempt) {
    return attempt.met == EventKind::kServe && attempt.held && attempt.answered > 0;
  });
}

bool Session::stuck(Stop why) {
  if (record_.stop) return stop(why);
  if (is_content()) exits(0);
  look_at_attempts();
  Wait wait{.at = host_->now(), .on = {}};
  for (std::size_t index = 0; index < record_.attempts.size(); ++index) {
    if (may_wait_on(index)) wait.on.push_back(index);
  }
  if (wait.on.empty()) return stop(why);
  for (const std::size_t index : wait.on) {
    far_[index]->reset();
    record_.attempts[index].pulled = true;
  }
  record_.waits.push_back(std::move(wait));
  since_ = host_->now();
  return true;
}

bool Session::stop(Stop why) {
  if (!record_.stop) {
    record_.stop = why;
    record_.ended_at =
        why == Stop::kPatience ? std::max(host_->now(), since_ + target_.patience) : host_->now();
    look_at_attempts();
    if (stopped) stopped(record_);
  }
  if (why != Stop::kStandstill) leave();
  return false;
}

}  // namespace selfconnect::vnet
