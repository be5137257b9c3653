// SPDX-License-Identifier: MIT
#include "fuzz/vnet/far_end.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fuzz/vnet/tcp_socket.h"
#include "harness/schedule/script_steps.h"

namespace selfconnect::vnet {

namespace {

class CloseAtOnce : public FarEnd {
  void begin(FarConnection& connection) override { connection.close(); }
};

class ResetAtOnce : public FarEnd {
  void begin(FarConnection& connection) override { connection.reset(); }
};

class HalfCloseAtOnce : public FarEnd {
  void begin(FarConnection& connection) override { connection.half_close(); }
};

class Garbage : public FarEnd {
 public:
  explicit Garbage(std::uint32_t amount) : amount_(amount) {}

 private:
  void begin(FarConnection& connection) override { connection.send(garbage_bytes(amount_)); }

  std::uint32_t amount_;
};

class Script : public FarEnd {
 public:
  Script(const std::vector<Step>& steps, Repeat repeat, std::uint64_t most_sent = UINT64_MAX)
      : steps_(steps, repeat), most_sent_(most_sent) {}

 private:
  void begin(FarConnection& connection) override {
    connection.close_after(most_sent_);
    take_steps(steps_, connection);
  }

  void received(FarConnection& connection, std::string_view bytes) override {
    steps_.received(bytes.size());
    take_steps(steps_, connection);
  }

  ScriptSteps steps_;
  std::uint64_t most_sent_;
};

}  // namespace

void FarEnd::ended(FarConnection& connection) { connection.close(); }

void FarConnection::send(std::string_view bytes) {
  if (!is_open() || fin_sent_) return;
  const std::uint64_t room = most_sent_ - std::min(most_sent_, sent_);
  const bool last = bytes.size() >= room;
  bytes = bytes.substr(0, room);
  if (!bytes.empty() && socket_->send(bytes, {.block = false, .no_signal = true}) > 0) sent_ += bytes.size();
  if (last) close();
}

void FarConnection::half_close() {
  if (!is_open() || std::exchange(fin_sent_, true)) return;
  socket_->shutdown(SHUT_WR);
}

void FarConnection::close() {
  if (is_open()) std::exchange(socket_, nullptr)->release();
}

void FarConnection::reset() {
  if (!is_open()) return;
  socket_->options.lingering = {.l_onoff = 1, .l_linger = 0};
  close();
}

bool FarConnection::go_on() {
  if (!is_open()) return false;
  bool moved = false;
  if (!std::exchange(begun_, true)) {
    moved = true;
    far_end_->begin(*this);
  }
  while (is_open() && !ended_) {
    std::array<char, 4096> buffer;
    const ssize_t size = socket_->receive(buffer.data(), buffer.size(), {.block = false});
    if (size == -EAGAIN) break;
    moved = true;
    if (size < 0) {  // RST
      close();
    } else if (size == 0) {
      ended_ = true;
      far_end_->ended(*this);
    } else {
      received_ += static_cast<std::uint64_t>(size);
      far_end_->received(*this, {buffer.data(), static_cast<std::size_t>(size)});
    }
  }
  return moved;
}

std::unique_ptr<FarEnd> far_end_of(const Event& event, const std::vector<Step>& answer) {
  switch (event.kind) {
    case EventKind::kClose:
      return std::make_unique<CloseAtOnce>();
    case EventKind::kReset:
      return std::make_unique<ResetAtOnce>();
    case EventKind::kHalfClose:
      return std::make_unique<HalfCloseAtOnce>();
    case EventKind::kGarbage:
      return std::make_unique<Garbage>(event.amount);
    case EventKind::kScript:
      return std::make_unique<Script>(event.steps, Repeat::kOnce);
    case EventKind::kTruncate:
      return std::make_unique<Script>(answer, Repeat::kOverAndOver, event.amount);
    case EventKind::kServe:
      return std::make_unique<Script>(answer, Repeat::kOverAndOver);
    default:
      return std::make_unique<FarEnd>();
  }
}

}  // namespace selfconnect::vnet
