// Signals that strike in the midst of a run. A handler that was set outside of runs is the engine's (its time limit, its reports of
// crashes): no host is the current one while it runs, so it meets the real clock. A handler that the client sets in a run is part of
// the run. The same goes for the ends of the process.
// SPDX-License-Identifier: MIT
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "fuzz/vnet/entry.h"
#include "fuzz/vnet/host.h"
#include "fuzz/vnet/next.h"
#include "fuzz/vnet/real.h"

using namespace selfconnect::vnet;

namespace {

// By number of the signal: what was last set outside of runs.
std::array<struct sigaction, NSIG> engines{};

void enter_engines(int number, siginfo_t* info, void* context) {
  const HostAside aside;
  const struct sigaction& handler = engines[static_cast<std::size_t>(number)];
  if ((handler.sa_flags & SA_SIGINFO) != 0) {
    handler.sa_sigaction(number, info, context);
  } else {
    handler.sa_handler(number);
  }
}

[[nodiscard]] bool is_function(const struct sigaction& action) {
  return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN && action.sa_handler != SIG_ERR;
}

int set(int number, const struct sigaction* action, struct sigaction* before) {
  if (number <= 0 || number >= NSIG) return real::sigaction(number, action, before);
  struct sigaction& engine = engines[static_cast<std::size_t>(number)];
  const struct sigaction engine_before = engine;
  const bool outside = current_host() == nullptr;
  const bool function = action != nullptr && is_function(*action);
  // A client that puts back what it found puts the engine's back.
  const bool engines_own = function && (outside || action->sa_handler == engine.sa_handler);
  struct sigaction trampoline;
  if (engines_own) {
    trampoline = engine = *action;
    trampoline.sa_flags |= SA_SIGINFO;
    trampoline.sa_sigaction = enter_engines;
  }
  const int result = real::sigaction(number, engines_own ? &trampoline : action, before);
  if (result != 0) {
    engine = engine_before;
    return result;
  }
  // Only now: until here the one before could strike.
  if (outside && action != nullptr && !function) engine = {};
  const bool was_engines =
      before != nullptr && (before->sa_flags & SA_SIGINFO) != 0 && before->sa_sigaction == enter_engines;
  if (was_engines) *before = engine_before;
  return result;
}

using Handler = void (*)(int);

Handler set_simple(int number, Handler handler, int flags) {
  struct sigaction action{}, before{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  return set(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

// For good: the process ends.
void set_host_aside() {
  alignas(HostAside) static std::array<std::byte, sizeof(HostAside)> room;
  if (current_host() != nullptr) new (room.data()) HostAside;
}

}  // namespace

VNET_ENTRY(int, sigaction, (int number, const struct sigaction* action, struct sigaction* before)) {
  return set(number, action, before);
}

VNET_ENTRY(Handler, signal, (int number, Handler handler)) { return set_simple(number, handler, SA_RESTART); }

VNET_ENTRY(Handler, sysv_signal, (int number, Handler handler)) {
  return set_simple(number, handler, static_cast<int>(SA_RESETHAND | SA_NODEFER));
}

VNET_ENTRY(void, exit, (int status)) {
  if (Host* const host = current_host()) host->overseer().exits(status);
  set_host_aside();
  next<void(int)>(Name::exit)(status);
  __builtin_unreachable();
}

// What libFuzzer does when a sanitizer has found something. Not a name of the C library: for the linker's --wrap only.
using DeathCallback = void (*)();
extern "C" __attribute__((weak)) void vnet_real_set_death_callback(DeathCallback callback) __asm__(
    "__real___sanitizer_set_death_callback");
extern "C" void vnet_set_death_callback(DeathCallback callback) __asm__(
    "__wrap___sanitizer_set_death_callback");

namespace {

DeathCallback death_callback = nullptr;

void enter_death_callback() {
  set_host_aside();
  death_callback();
}

}  // namespace

void vnet_set_death_callback(DeathCallback callback) {
  if (vnet_real_set_death_callback == nullptr) return;
  death_callback = callback;
  vnet_real_set_death_callback(callback != nullptr ? enter_death_callback : nullptr);
}

VNET_ENTRY_ALIAS(__sigaction, sigaction)
VNET_ENTRY_ALIAS(bsd_signal, signal)
VNET_ENTRY_ALIAS(ssignal, signal)
VNET_ENTRY_ALIAS(__sysv_signal, sysv_signal)
