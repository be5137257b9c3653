// The far end of a stage: the built-in peer, or the user's server command, in the target's network or behind a link.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <set>

#include "harness/check/stage.h"
#include "harness/check/taken_port.h"
#include "harness/launch/command_line.h"
#include "harness/peer/listener.h"
#include "harness/trace/secret_finder.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

constexpr auto kPolling = 5ms;  // of what the kernel gives no event for

// The last line a process said, for messages.
std::string last_words(const Process& process, const std::vector<std::string>& secrets) {
  for (const OutputBuffer* buffer : {&process.err(), &process.out()}) {
    std::string text = buffer->head() + buffer->tail();
    black_out(text, secrets);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
    if (text.empty()) continue;
    if (const auto line = text.rfind('\n'); line != std::string::npos) text.erase(0, line + 1);
    return ": " + text.substr(0, 200);
  }
  return "";
}

std::string how_it_ended(const ExitStatus& status) {
  return fmt::format("{} {}", status.signalled ? "signal" : "exit code", status.code);
}

}  // namespace

Playing<void> Stage::open_far_end() {
  auto addresses = world_->connect_far(plan_.family);
  if (!addresses) co_return failure(addresses.error());
  far_address_ = addresses->far;
  const Endpoint far_end{addresses->far, plan_.destination->port};
  if (options().server.empty()) {
    auto listener = listen_in(*world_, far_end, Network::kFar);
    if (!listener) co_return failure(listener.error());
    serve(std::move(*listener));
  } else {
    const Endpoint server{Address::loopback(plan_.family), plan_.destination->port};
    if (auto served = co_await launch_server(server, Network::kFar); !served) co_return served;
    // A server on all addresses is reached directly; one on loopback only is not.
    if (auto listener = listen_in(*world_, far_end, Network::kFar)) {
      relay_ = std::make_unique<Relay>(performance_.context, *world_, std::move(*listener), server);
    }
  }
  // Only now, and with no probe: nothing listens on this port in the near network.
  if (auto forced = engine_->force(plan_.destination->port, plan_.allocator); !forced) {
    co_return failure(forced.error());
  }
  co_return StageResult<void>{};
}

void Stage::serve(UniqueFd listener) {
  peers_.push_back(
      std::make_unique<BuiltinPeer>(performance_.context, std::move(listener), options().script));
}

Service Stage::service(const Endpoint& destination) const {
  Service service{.steps = options().script, .socket = {}, .server = {}};
  if (options().server.empty()) return service;
  const int domain = destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  service.server = {Address::loopback(destination.address.family()), destination.port};
  service.socket = [this, domain] {
    return world_->socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0, Network::kFar);
  };
  return service;
}

Playing<void> Stage::open_schedule() {
  if (auto opened = open(Ports::kOpen); !opened) co_return opened;
  if (calls_ != nullptr) {
    co_return failure(error("a schedule needs a network of its own, and none can be made here"),
                      StageFailure::Kind::kCannotForce);
  }
  if (!options().server.empty()) {
    if (auto far = world_->connect_far(plan_.family); !far) co_return failure(far.error());
    std::set<std::uint16_t> ports;
    for (const Endpoint& endpoint : plan_.served) {
      if (!ports.insert(endpoint.port).second) continue;
      const Endpoint server{Address::loopback(endpoint.address.family()), endpoint.port};
      if (auto served = co_await launch_server(server, Network::kFar); !served) co_return served;
    }
  }
  schedule_ = std::make_unique<ScheduleRecorder>(
      performance_.context,
      ScheduleRecorder::Options{.schedule = plan_.schedule,
                                .server_speaks = !options().script.empty() || !options().server.empty()},
      recorder_->start_time(), [this] { changed(); });
  director_ = std::make_unique<ScheduleDirector>(
      *world_, *schedule_,
      ScheduleDirector::Options{
          .reserved = plan_.never,
          .bound_before = plan_.allocator == Allocator::kBind ? plan_.destination : std::nullopt,
          .conduct = [this](const Event& event, const Endpoint& destination) {
            return conduct_of(event, performance_.context, service(destination));
          }});
  performance_.stops->choose_by([this](const Dial& dial) {
    return dial.allocator == Allocator::kBind ? director_->port_at_bind(dial) : std::nullopt;
  });
  performance_.stops->dial_by([this](const StoppedDial& stopped) { return director_->dial(stopped); });
  co_return StageResult<void>{};
}

Playing<void> Stage::serve(const Endpoint& endpoint, Network network) {
  if (calls_ != nullptr) {  // a network with others in it
    const auto free = listen_in(*world_, endpoint, network);
    if (!free && free.error().code == EADDRINUSE)
      co_return failure(Error{0, taken_port_text(*world_, endpoint.port)}, StageFailure::Kind::kPortTaken);
  }
  if (!options().server.empty()) co_return co_await launch_server(endpoint, network);
  auto listener = listen_in(*world_, endpoint, network);
  if (!listener) co_return failure(listener.error());
  serve(std::move(*listener));
  note(ServerEvent::What::kListening, endpoint.text());
  co_return StageResult<void>{};
}

Playing<void> Stage::launch_server(const Endpoint& endpoint, Network network) {
  const LaunchSpec spec{.command = fill_placeholders(options().server, endpoint),
                        .stdin_file = {},
                        .limits = {},
                        .kept_descriptor = -1,
                        .network = network};
  auto server = Process::launch(performance_.context, *world_, spec, [this] { changed(); });
  if (!server) co_return failure(server.error().during("server command"));
  servers_.push_back(std::move(*server));
  Process& started = *servers_.back();
  recorder_->leave_out(started.pid());
  note(ServerEvent::What::kStarted, spec.command.front());

  auto diag_socket = world_->socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, network);
  if (!diag_socket) co_return failure(diag_socket.error());
  SockDiag sockets(std::move(*diag_socket));
  const auto listens = [&] {
    const auto lines = sockets.sockets(endpoint.port, now());
    return lines && std::ranges::any_of(
                        *lines, [](const SocketLine& line) { return line.state == TcpState::kListen; });
  };
  const auto by = Clock::now() + plan_.timeout;
  while (!listens()) {
    if (interrupted()) co_return StageResult<void>{};
    if (started.ended()) {
      started.drain_output();
      co_return failure(
          Error{0, fmt::format("the server command ended before it listened on {}: {}{}", endpoint.text(),
                               how_it_ended(*started.ended()), last_words(started, options().secrets))});
    }
    if (Clock::now() >= by) {
      co_return failure(
          Error{0, fmt::format("the server command never listened on {} in {} s", endpoint.text(),
                               std::chrono::duration<double>(plan_.timeout).count())});
    }
    co_await until([] { return false; }, Clock::now() + kPolling);
  }
  note(ServerEvent::What::kListening, endpoint.text());
  co_return StageResult<void>{};
}

void Stage::note_ended_servers() {
  for (const auto& server : servers_) {
    if (!server->ended()) continue;
    const ExitStatus& status = *server->ended();
    trace_.server.push_back(
        {.at = since_start(status.at), .what = ServerEvent::What::kEnded, .detail = how_it_ended(status)});
  }
}

}  // namespace selfconnect
